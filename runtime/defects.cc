#include "runtime/defects.h"

namespace runtime {

extern "C" const char runtime_defect[] =
#if FAULTLINE_DEFECT_TRUST_M
    "trust-m";
#elif FAULTLINE_DEFECT_BADSIGNAL
    "badsignal";
#elif FAULTLINE_DEFECT_FIXED_64K
    "fixed-64k";
#elif FAULTLINE_DEFECT_FIXED_8K
    "fixed-8k";
#elif FAULTLINE_DEFECT_ATTR_SIZE
    "attr-size";
#elif FAULTLINE_DEFECT_SA_RESTART
    "sa-restart";
#else
    "";
#endif

}  // namespace runtime
