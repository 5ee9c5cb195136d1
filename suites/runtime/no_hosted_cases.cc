#include "suites/runtime/exercise.h"

namespace exercise {

const Case kHostedCases[] = {{nullptr, nullptr}};

}  // namespace exercise
