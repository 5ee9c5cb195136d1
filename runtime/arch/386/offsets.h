/* Where assembly finds the fields of G and M (proc/proc.h); proc/proc.cc asserts them. In bytes. */
#ifndef FAULTLINE_RUNTIME_ARCH_386_OFFSETS_H_
#define FAULTLINE_RUNTIME_ARCH_386_OFFSETS_H_

#define G_stackguard 0
#define G_stacklo 4
#define G_stackhi 8
#define G_sched_sp 12
#define G_sched_pc 16
#define G_sched_bp 20
#define G_m 24

#define M_g0 0
#define M_gsignal 4
#define M_curg 8
#define M_tls 12

#endif /* FAULTLINE_RUNTIME_ARCH_386_OFFSETS_H_ */
