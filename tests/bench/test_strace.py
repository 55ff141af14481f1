"""What is read from strace's lines."""

import unittest

from benchmarks import strace

WARM = """\
100 execve("./app.bin", ["./app.bin"], 0x7ffd /* 3 vars */) = 0
100 open("/app.bin", O_RDONLY|O_CLOEXEC) = 3
100 fstat(3, {st_mode=S_IFREG|0755, st_size=1}) = 0
100 execve("/missing", ["python"], 0x7ffd /* 3 vars */) = -1 ENOENT (No such file or directory)
100 pread64(3, "x", 96, 0) = 96
100 execve("/cache/bin/python3", ["./app.bin"], 0x7ffd /* 3 vars */) = 0
100 brk(NULL) = 0x1000
100 +++ exited with 0 +++
""".splitlines()


class Calls(unittest.TestCase):
    def test_between_both_execves(self):
        self.assertEqual(strace.before_execve(WARM), 4)

    def test_of_a_program_that_stays(self):
        self.assertIsNone(strace.before_execve(WARM[:3]))

    def test_a_call_cut_in_two_counts_once(self):
        lines = [
            WARM[0],
            "100 clone(child_stack=NULL) = 101",
            "101 read(3,  <unfinished ...>",
            "100 --- SIGCHLD {si_signo=SIGCHLD} ---",
            '101 <... read resumed>"x", 1) = 1',
            WARM[5],
        ]
        self.assertEqual(strace.before_execve(lines), 2)

    def test_without_process_ids(self):
        self.assertEqual(strace.before_execve([line[4:] for line in WARM]), 4)


class Execve(unittest.TestCase):
    def test_arguments_are_bytes(self):
        escaped = lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode())
        quoted = lambda *texts: ", ".join(f'"{escaped(text)}"' for text in texts)
        line = f'execve({quoted("/bin/py")}, [{quoted("a b", "]")}], [{quoted("A=1=2", "PATH=/x")}]) = 0'
        words, env = strace.parse_execve(line)
        self.assertEqual((words.program, list(words)), (b"/bin/py", [b"a b", b"]"]))
        self.assertEqual(env, {b"A": b"1=2"})
        self.assertEqual(strace.parse_execve(line, {"PATH"})[1], {b"A": b"1=2", b"PATH": b"/x"})


class Written(unittest.TestCase):
    def test_files_and_bytes(self):
        lines = [
            '1 openat(AT_FDCWD, "/c/a", O_WRONLY|O_CREAT|O_EXCL, 0644) = 3',
            '1 openat(AT_FDCWD, "/c/a", O_RDONLY) = 4',
            '1 openat(AT_FDCWD, "/c/no", O_WRONLY|O_CREAT, 0644) = -1 EACCES (Permission denied)',
            '1 openat(AT_FDCWD, "/dev/null", O_WRONLY|O_CREAT, 0666) = 5',
            '1 linkat(AT_FDCWD, "/c/a", AT_FDCWD, "/c/b", 0) = 0',
            '1 openat(AT_FDCWD, "/dev/shm/a", O_WRONLY|O_CREAT, 0666) = 5',
            '1 write(3, "abc"..., 100) = 70',
            "2 pwrite64(3,  <unfinished ...>",
            '1 write(3, "d", 1) = 1',
            '2 <... pwrite64 resumed>"xyz", 3, 0) = 3',
        ]
        self.assertEqual(strace.written(lines), (3, 74))
