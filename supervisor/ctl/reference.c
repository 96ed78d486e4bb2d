#include "supervisor/ctl/reference.h"

/* The assembler reads the file; make runs at the root of the tree. */
__asm__(".section .rodata\n"
	".global reference_begin\n"
	"reference_begin:\n"
	".incbin \"conf/cluster.conf\"\n"
	".global reference_end\n"
	"reference_end:\n"
	".byte 0\n"
	".previous\n");
