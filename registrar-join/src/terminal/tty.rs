use std::io::{Stdin, Write, stdin, stdout};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{
    FlushArg, InputFlags, LocalFlags, SetArg, SpecialCharacterIndices as Key, Termios, tcflush,
    tcgetattr, tcsetattr,
};
use nix::unistd::{alarm, read};
use zeroize::Zeroizing;

use super::{Echo, Ended, Terminal, Typed};

/// How long a person may sit at a prompt.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How long a visit may last, from the first word to the last. Places are few, so nobody keeps one by
/// typing now and then.
pub const LONGEST_VISIT: Duration = Duration::from_secs(60 * 60);
/// How much longer the process lives when it can't even write, because nobody reads.
const GRACE_SECONDS: u32 = 60;
/// The kernel keeps a line of 4,095 bytes and drops what is beyond (termios(3), canonical mode); one
/// that is so long may have been cut.
const LONGEST: usize = 4_090;
/// How long the rest of a paste may take to arrive before it is thrown away.
const PASTE: Duration = Duration::from_millis(300);

const TOO_LONG: &str = "That line is too long.";
const NOT_UTF8: &str = "That line was not UTF-8. Set your terminal to UTF-8, or use plain letters.";
const CONTROL: &str = "That line had control characters in it. Arrow keys and the like do not work here; \
     the backspace key does.";

/// The terminal that sshd gives to this process.
///
/// Lines are edited by the kernel, so that nothing has to be drawn: backspace, Control-U and Control-W
/// work, and a reader of the screen hears what is typed.
#[derive(Debug)]
pub struct Tty {
    input: Stdin,
    before: Termios,
    shown: Termios,
    signals: SignalFd,
    /// When the visit is over, whatever is typed until then.
    ends: Instant,
    /// What has come of a line that is not whole.
    begun: Zeroizing<Vec<u8>>,
}

/// There is nobody to talk with.
#[derive(Debug, thiserror::Error)]
pub enum NoTerminal {
    /// The client asked for none.
    #[error("Signing up takes a terminal. Connect from one, with ssh -t if need be")]
    None,
    /// The kernel refuses something.
    #[error("The terminal can't be used")]
    Unusable(#[source] nix::Error),
}

impl Tty {
    /// Takes the terminal of this process over, for a visit of that length at most.
    ///
    /// # Errors
    /// See [`NoTerminal`].
    pub fn open(longest: Duration) -> Result<Self, NoTerminal> {
        let ends = Instant::now() + longest;
        let input = stdin();
        let before = tcgetattr(&input).map_err(|_| NoTerminal::None)?;
        tcgetattr(stdout()).map_err(|_| NoTerminal::None)?;
        let taken = || {
            // From here on they are read, in their turn, and end nothing by themselves.
            let mut set = SigSet::empty();
            for signal in [Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM] {
                set.add(signal);
            }
            set.thread_block()?;
            let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
            let signals = SignalFd::with_flags(&set, flags)?;
            let shown = line_mode(&before);
            tcsetattr(&input, SetArg::TCSANOW, &shown)?;
            Ok((signals, shown))
        };
        let (signals, shown) = taken().map_err(NoTerminal::Unusable)?;
        let tty = Self {
            input,
            before,
            shown,
            signals,
            ends,
            begun: Zeroizing::default(),
        };
        tty.set_alarm();
        Ok(tty)
    }

    /// Has the kernel end the process outright (signal(7)), should it hang in a write: after the patience
    /// that a prompt has, and never later than the visit's end, however often it is set.
    fn set_alarm(&self) {
        let left = self.ends.saturating_duration_since(Instant::now());
        let seconds = u32::try_from(left.min(PATIENCE).as_secs()).unwrap_or(u32::MAX);
        alarm::set(seconds.saturating_add(GRACE_SECONDS));
    }

    /// That much later, or the visit's end if that comes before; an error once it has come.
    fn within_visit(&self, time: Duration) -> Result<Instant, Ended> {
        let now = Instant::now();
        if now >= self.ends {
            return Err(Ended::TimeIsUp);
        }
        Ok(self.ends.min(now + time))
    }

    /// Waits for input or a signal. `Ok(false)` when the time is up.
    fn wait(&self, until: Instant, for_input: bool) -> Result<bool, Ended> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut fds = [
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.input.as_fd(), PollFlags::POLLIN),
            ];
            let looked_at = if for_input {
                &mut fds[..]
            } else {
                &mut fds[..1]
            };
            match poll(looked_at, left) {
                Err(Errno::EINTR) => continue,
                Err(_) => return Err(Ended::HungUp),
                Ok(0) => return Ok(false),
                Ok(_) => {}
            }
            match self.signals.read_signal() {
                Ok(None) => return Ok(true),
                Ok(Some(info)) if info.ssi_signo == Signal::SIGINT as u32 => {
                    return Err(Ended::Interrupted);
                }
                _ => return Err(Ended::HungUp),
            }
        }
    }

    /// A whole line, or what came of it.
    fn line(&mut self, until: Instant) -> Result<Option<Zeroizing<Vec<u8>>>, Ended> {
        loop {
            if !self.wait(until, true)? {
                return Ok(None);
            }
            let mut buffer = Zeroizing::new([0_u8; 4096]);
            let got = match read(&self.input, buffer.as_mut_slice()) {
                Err(Errno::EINTR | Errno::EAGAIN) => continue,
                Err(_) => return Err(Ended::HungUp),
                // Control-D on an empty line.
                Ok(0) => return Err(Ended::EndOfInput),
                Ok(got) => buffer.get(..got).unwrap_or_default(),
            };
            self.begun.extend_from_slice(got);
            // Control-D behind some text sends it without an end; the line goes on.
            let is_whole = self.begun.last() == Some(&b'\n');
            if is_whole || self.begun.len() > LONGEST {
                return Ok(Some(std::mem::take(&mut self.begun)));
            }
        }
    }

    fn set_echo(&self, echo: Echo) -> Result<(), Ended> {
        let mut mode = self.shown.clone();
        if echo == Echo::Hidden {
            mode.local_flags
                .remove(LocalFlags::ECHO | LocalFlags::ECHOK);
            // The end of the line is shown all the same, so that the next one begins at the left.
            mode.local_flags.insert(LocalFlags::ECHONL);
        }
        tcsetattr(&self.input, SetArg::TCSADRAIN, &mode).map_err(|_| Ended::HungUp)
    }
}

/// Lines that the kernel edits. The keys that would stop the process, freeze its output or let control
/// characters in unseen do nothing.
fn line_mode(before: &Termios) -> Termios {
    /// `_POSIX_VDISABLE` of Linux.
    const NO_KEY: u8 = 0;
    let mut mode = before.clone();
    mode.input_flags
        .insert(InputFlags::ICRNL | InputFlags::IUTF8);
    mode.input_flags
        .remove(InputFlags::IXON | InputFlags::IXOFF | InputFlags::IGNCR | InputFlags::INLCR);
    mode.local_flags.insert(
        LocalFlags::ICANON
            | LocalFlags::ISIG
            | LocalFlags::ECHO
            | LocalFlags::ECHOE
            | LocalFlags::ECHOK
            | LocalFlags::ECHOCTL
            | LocalFlags::IEXTEN,
    );
    for key in [
        Key::VSUSP,
        Key::VQUIT,
        Key::VLNEXT,
        Key::VSTOP,
        Key::VSTART,
        Key::VEOL,
        Key::VEOL2,
    ] {
        if let Some(place) = mode.control_chars.get_mut(key as usize) {
            *place = NO_KEY;
        }
    }
    mode
}

fn judge(line: &[u8]) -> Typed {
    if line.len() > LONGEST {
        return Typed::Unusable(TOO_LONG);
    }
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    match std::str::from_utf8(line) {
        Err(_) => Typed::Unusable(NOT_UTF8),
        Ok(text) if text.chars().any(|c| c.is_control() && c != '\t') => Typed::Unusable(CONTROL),
        Ok(text) => Typed::Line(Zeroizing::new(text.replace('\t', " "))),
    }
}

impl Terminal for Tty {
    fn show(&mut self, text: &str) -> Result<(), Ended> {
        let mut output = stdout().lock();
        output
            .write_all(text.as_bytes())
            .and_then(|()| output.flush())
            .map_err(|_| Ended::HungUp)
    }

    fn read(&mut self, prompt: &str, echo: Echo, wake: Option<Duration>) -> Result<Typed, Ended> {
        self.set_alarm();
        let until = self.within_visit(wake.unwrap_or(PATIENCE))?;
        self.set_echo(echo)?;
        self.show(prompt)?;
        let line = self.line(until);
        if echo == Echo::Hidden {
            self.set_echo(Echo::Shown)?;
        }
        match line? {
            Some(line) => Ok(judge(&line)),
            None if until == self.ends => Err(Ended::TimeIsUp),
            None if wake.is_some() => Ok(Typed::Nothing),
            None => Err(Ended::Idle),
        }
    }

    fn pause(&mut self, time: Duration) -> Result<(), Ended> {
        let until = self.within_visit(time)?;
        match self.wait(until, false)? {
            false if until == self.ends => Err(Ended::TimeIsUp),
            _ => Ok(()),
        }
    }

    fn discard(&mut self) {
        self.begun = Zeroizing::default();
        // A signal in this time is read by the next wait.
        std::thread::sleep(PASTE);
        let _ = tcflush(&self.input, FlushArg::TCIFLUSH);
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        // The client restores its own; this is for who runs it otherwise.
        let _ = tcsetattr(&self.input, SetArg::TCSANOW, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Typed {
        Typed::Line(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn lines_are_utf8_and_keep_their_letters() {
        assert_eq!(judge("Zoë 猫\n".as_bytes()), line("Zoë 猫"));
        assert_eq!(judge(b"a\tb\n"), line("a b"));
        assert_eq!(judge(b"\n"), line(""));
        assert_eq!(judge(b"\xff\xfe\n"), Typed::Unusable(NOT_UTF8));
    }

    #[test]
    fn arrow_keys_and_other_control_characters_are_never_taken_for_text() {
        for bytes in [
            &b"ad\x1b[Da\n"[..],
            b"a\0b\n",
            b"a\rb\n",
            "a\u{9b}b\n".as_bytes(),
        ] {
            assert_eq!(judge(bytes), Typed::Unusable(CONTROL));
        }
    }

    #[test]
    fn a_line_that_may_have_been_cut_is_not_taken() {
        assert_eq!(judge(&[b'a'; 4095]), Typed::Unusable(TOO_LONG));
    }
}
