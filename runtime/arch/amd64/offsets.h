/* Where assembly finds the fields of G and M (proc/proc.h); proc/proc.cc asserts them. In bytes. */
#ifndef FAULTLINE_RUNTIME_ARCH_AMD64_OFFSETS_H_
#define FAULTLINE_RUNTIME_ARCH_AMD64_OFFSETS_H_

#define G_stackguard 0
#define G_stacklo 8
#define G_stackhi 16
#define G_sched_sp 24
#define G_sched_pc 32
#define G_sched_bp 40
#define G_m 48

#define M_g0 0
#define M_gsignal 8
#define M_curg 16
#define M_tls 24

#endif /* FAULTLINE_RUNTIME_ARCH_AMD64_OFFSETS_H_ */
