// Compiled once more for the defect sa-restart.

#include "runtime/defects.h"
#include "runtime/nosplit.h"
#include "runtime/signal/internal.h"

namespace runtime {

GO_NOSPLIT uint32_t restartflag(bool restart) {
  return restart || FAULTLINE_DEFECT_SA_RESTART ? sys::kSA_RESTART : 0;
}

}  // namespace runtime
