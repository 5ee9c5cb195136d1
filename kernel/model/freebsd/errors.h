// Errors and signals of the host in FreeBSD's numbers.
#ifndef FAULTLINE_KERNEL_MODEL_FREEBSD_ERRORS_H_
#define FAULTLINE_KERNEL_MODEL_FREEBSD_ERRORS_H_

namespace faultline::kernel::model::freebsd {

// `error`: one of the host's, positive. EINVAL for those that FreeBSD does not know.
int ErrorFromHost(int error);

}  // namespace faultline::kernel::model::freebsd

#endif  // FAULTLINE_KERNEL_MODEL_FREEBSD_ERRORS_H_
