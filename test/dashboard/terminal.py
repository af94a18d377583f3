"""A terminal for a program, driven from outside: terminal.py <columns> <rows> <program> ...

Output of the program goes to stdout. Commands come on stdin, one JSON object a line: {"keys": text}, {"size": [columns, rows]},
{"signal": name}, {"hang": true} (the terminal goes away). At the end one JSON line on stderr: how the program ended, and whether
the terminal's modes are as they were.
"""
import fcntl, json, os, pty, select, signal, struct, sys, termios, time

def set_size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

terminal, side = pty.openpty()
set_size(terminal, int(sys.argv[1]), int(sys.argv[2]))
before = termios.tcgetattr(side)
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(side, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(side, fd)
    os.closerange(3, 256)
    # A shell between, so that the program's group is not orphaned and can be stopped by Ctrl-Z.
    inner = os.fork()
    if inner == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(sys.argv[3], sys.argv[3:])
    for name in (signal.SIGHUP, signal.SIGTTOU, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    while True:
        _, status = os.waitpid(inner, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.tcsetpgrp(0, os.getpid())
            os.write(1, b"[stopped]")
            time.sleep(0.3)
            os.tcsetpgrp(0, inner)
            os.kill(-inner, signal.SIGCONT)
            continue
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)

pending = b""
hung = False
open_inputs = True
status = None
while status is None:
    wanted = ([] if hung else [terminal]) + ([0] if open_inputs else [])
    ready, _, _ = select.select(wanted, [], [], 0.05)
    if not hung and terminal in ready:
        sys.stdout.buffer.write(os.read(terminal, 65536))
        sys.stdout.buffer.flush()
    if 0 in ready:
        data = os.read(0, 65536)
        open_inputs = data != b""
        pending += data
        *lines, pending = pending.split(b"\n")
        for line in lines:
            command = json.loads(line)
            if "keys" in command:
                os.write(terminal, command["keys"].encode())
            if "size" in command:
                set_size(terminal, *command["size"])
            if "signal" in command:
                group = os.tcgetpgrp(terminal)
                os.kill(group, getattr(signal, command["signal"]))
            if "hang" in command:
                hung = True
                os.close(side)
                os.close(terminal)
    done, code = os.waitpid(child, os.WNOHANG)
    if done:
        status = os.waitstatus_to_exitcode(code)
same = None
if not hung:
    while select.select([terminal], [], [], 0.05)[0]:
        sys.stdout.buffer.write(os.read(terminal, 65536))
    sys.stdout.buffer.flush()
    same = termios.tcgetattr(side) == before
print(json.dumps({"exit": status, "modesKept": same}), file=sys.stderr)
