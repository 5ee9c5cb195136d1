/* The mark of a program for OpenBSD, for the assembly of rt0. Since 6.x the kernel takes a program
   for its own by this note alone, which it looks for among the segments (kern/exec_elf.c,
   elf_os_pt_note). */
#ifndef FAULTLINE_ABI_OPENBSD_NOTE_H_
#define FAULTLINE_ABI_OPENBSD_NOTE_H_

/* clang-format off */
#define OPENBSD_NOTE \
    .section .note.openbsd.ident, "a", @note; \
    .p2align 2; \
    .long 8;                        /* bytes of the name */ \
    .long 4;                        /* bytes of what follows it */ \
    .long 1;                        /* NT_OPENBSD_IDENT */ \
    .asciz "OpenBSD"; \
    .long 0
/* clang-format on */

#endif /* FAULTLINE_ABI_OPENBSD_NOTE_H_ */
