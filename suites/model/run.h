// Runs the tracees of this suite on a model.
#ifndef FAULTLINE_SUITES_MODEL_RUN_H_
#define FAULTLINE_SUITES_MODEL_RUN_H_

#include <string>

#include "suites/kernel/run.h"

namespace faultline::suites {

inline const char* const kModel = "kernel/model/model";

inline std::string Facts(const std::string& arch, const std::string& system = "freebsd") {
  return "suites/model/facts." + system + "-" + arch;
}

// The model with options, before "--" and a program.
inline Words Model(const std::string& system, const Words& options, const Words& program) {
  Words words = {kModel, "--system", system};
  words.insert(words.end(), options.begin(), options.end());
  words.emplace_back("--");
  words.insert(words.end(), program.begin(), program.end());
  return words;
}

}  // namespace faultline::suites

#endif  // FAULTLINE_SUITES_MODEL_RUN_H_
