/* The mark of a program for FreeBSD, for the assembly of rt0. The kernel takes a program for its
   own by EI_OSABI (the toolchain sets it) or by this note, and the note's number for the release
   whose behaviour the program expects (p_osrel; kern/imgact_elf.c, sys/param.h P_OSREL_*). 9.0 is
   the first release that loses registers over a restart; any number from 700004 on makes a
   forbidden access SIGSEGV, and below 1100036 mmap minds no flags that it does not know. Linkers
   put notes right behind the program headers, within the first page: further away up to 9.x the
   kernel does not look. */
#ifndef FAULTLINE_ABI_FREEBSD_NOTE_H_
#define FAULTLINE_ABI_FREEBSD_NOTE_H_

/* clang-format off */
#define FREEBSD_NOTE \
    .section .note.tag, "a", @note; \
    .p2align 2; \
    .long 8;                        /* bytes of the name */ \
    .long 4;                        /* bytes of what follows it */ \
    .long 1;                        /* NT_FREEBSD_ABI_TAG */ \
    .asciz "FreeBSD"; \
    .long 900000
/* clang-format on */

#endif /* FAULTLINE_ABI_FREEBSD_NOTE_H_ */
