/* Stands for the interpreter and for the loader in golden files: prints its arguments and its environment.

   gcc -Os -static -nostdlib -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
       -Wl,--build-id=none,-z,noseparate-code,-s -o program program.c */

__asm__(".globl _start\n_start:\n mov %rsp, %rdi\n and $-16, %rsp\n call run\n");

static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

static void put(const char *text) {
    const char *end = text;
    while (*end)
        end++;
    call(1, 1, (long)text, end - text);
}

static char **lines(const char *what, char **strings) {
    for (; *strings; strings++) {
        put(what);
        put(*strings);
        put("\n");
    }
    return strings + 1;
}

__attribute__((used)) static void run(char **stack) {
    lines("environment: ", lines("argument: ", stack + 1));
    call(60, 0, 0, 0);
}
