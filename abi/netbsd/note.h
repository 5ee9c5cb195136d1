/* The mark of a program for NetBSD, for the assembly of rt0. The kernel takes a program for its own
   by this note alone, and looks for it among the sections, not the segments: a program without
   section headers is none (kern/exec_elf.c, netbsd_elf_signature). The number is __NetBSD_Version__
   of the release that it was built for, 7.0: below 6.99.26 the x87 control word would be the one of
   older programs. The second note asks for addresses that are the same in every run
   (kern/exec_elf.c, sys/pax.h); where wrong guesses of a stack's end land must not depend on
   chance. */
#ifndef FAULTLINE_ABI_NETBSD_NOTE_H_
#define FAULTLINE_ABI_NETBSD_NOTE_H_

/* clang-format off */
#define NETBSD_NOTE \
    .section .note.netbsd.ident, "a", @note; \
    .p2align 2; \
    .long 7;                        /* bytes of the name */ \
    .long 4;                        /* bytes of what follows it */ \
    .long 1;                        /* NT_NETBSD_IDENT */ \
    .ascii "NetBSD\0\0";            /* the name, padded to a multiple of 4 */ \
    .long 700000000; \
    .section .note.netbsd.pax, "a", @note; \
    .p2align 2; \
    .long 4; \
    .long 4; \
    .long 3;                        /* NT_NETBSD_PAX */ \
    .asciz "PaX"; \
    .long 0x20                      /* ELF_NOTE_PAX_NOASLR */
/* clang-format on */

#endif /* FAULTLINE_ABI_NETBSD_NOTE_H_ */
