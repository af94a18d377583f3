"""Runs a program on a pseudo-terminal and answers it: answering-terminal.py <answers> <program> ...

Answers are JSON: [[text to wait for, keys to send], ...]; keys that are the name of a signal send that instead.
What the program writes is passed on. A program that says nothing for half a minute is ended with exit code 99."""
import fcntl, json, os, pty, re, select, signal, struct, sys, termios

answers = json.loads(sys.argv[1])
size = struct.pack("HHHH", 40, 100, 0, 0)
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, size)
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
seen = ""
while True:
    if not select.select([terminal], [], [], 30)[0]:
        os.kill(child, signal.SIGKILL)
        sys.exit(99)
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    seen += data.decode("utf-8", "replace")
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", seen)
    if answers and answers[0][0] in plain:
        keys = answers.pop(0)[1]
        if keys.startswith("SIG"):
            os.kill(child, getattr(signal, keys))
        else:
            os.write(terminal, keys.encode())
        seen = ""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
