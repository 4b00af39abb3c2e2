// libtch.a, x86-64: a function of each name in torch-sys's C interface, which jumps to the real one in libtch-VERSION.so.
// scripts/lazy-torch.sh appends one line `function NAME` for each.

.macro function name
  .section .text.\name, "ax", @progbits // sections of its own: the linker drops what is not called
  .globl \name
  .type \name, @function
\name:
  mov 1f(%rip), %r11
  test %r11, %r11
  jz 2f
  jmp *%r11
2:
  lea 1f(%rip), %r10
  lea 3f(%rip), %r11
  jmp first_call
  .size \name, . - \name
  .section .bss.\name, "aw", @nobits
  .balign 8
1:
  .zero 8
  .section .rodata.\name, "a", @progbits
3:
  .asciz "\name"
.endm

  .section .note.GNU-stack, "", @progbits
  .text

// r10: where the address goes, r11: the name. The arguments of the call that is under way must survive the search; the
// interface passes integers, pointers and doubles only, and nothing variadic.
first_call:
  .cfi_startproc
  sub $184, %rsp
  .cfi_adjust_cfa_offset 184
  mov %rdi, 0(%rsp)
  mov %rsi, 8(%rsp)
  mov %rdx, 16(%rsp)
  mov %rcx, 24(%rsp)
  mov %r8, 32(%rsp)
  mov %r9, 40(%rsp)
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
  movaps %xmm\n, 48 + 16 * \n(%rsp)
  .endr
  mov %r11, %rdi
  mov %r10, %rsi
  call dvcall_torch_function
  mov %rax, %r11
  mov 0(%rsp), %rdi
  mov 8(%rsp), %rsi
  mov 16(%rsp), %rdx
  mov 24(%rsp), %rcx
  mov 32(%rsp), %r8
  mov 40(%rsp), %r9
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
  movaps 48 + 16 * \n(%rsp), %xmm\n
  .endr
  add $184, %rsp
  .cfi_adjust_cfa_offset -184
  jmp *%r11
  .cfi_endproc

