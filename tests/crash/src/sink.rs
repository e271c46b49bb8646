//! The world's mail system: an SMTP server that takes everything and keeps it. Postfix itself is in
//! the tests of provisiond and on the throw-away host; here it would be started too often.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The address of `RCPT TO`.
    pub to: String,
    /// The subject, as written.
    pub subject: String,
    /// The token of its link, if it has one.
    pub token: Option<String>,
}

/// Where the mails are. Runs until the process ends.
#[derive(Clone, Debug)]
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl Sink {
    /// Listens on a free port of loopback, in the network of the calling thread.
    ///
    /// # Errors
    /// There is no loopback.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let sink = Self {
            address: listener.local_addr()?,
            mails: Arc::default(),
        };
        let own = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                // A client that was killed in the middle of a mail ends its conversation only.
                std::thread::spawn(move || own.converse(&stream));
            }
        });
        Ok(sink)
    }

    /// The mails to an address, oldest first.
    #[must_use]
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.iter().filter(|m| m.to == address).cloned().collect()
    }

    /// The token of the latest mail to an address that has one.
    #[must_use]
    pub fn token_for(&self, address: &str) -> Option<String> {
        self.mails_to(address)
            .into_iter()
            .rev()
            .find_map(|m| m.token)
    }

    fn converse(&self, stream: &TcpStream) -> io::Result<()> {
        let mut out = stream;
        let mut lines = BufReader::new(stream).lines();
        out.write_all(b"220 sink ESMTP\r\n")?;
        let mut to = String::new();
        while let Some(line) = lines.next().transpose()? {
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" | "HELO" => "250-sink\r\n250 8BITMIME",
                "RCPT" => {
                    let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                    to = address.to_owned();
                    "250 2.1.5 ok"
                }
                "DATA" => {
                    out.write_all(b"354 go on\r\n")?;
                    let mut text = String::new();
                    loop {
                        let Some(line) = lines.next().transpose()? else {
                            return Ok(());
                        };
                        if line == "." {
                            break;
                        }
                        text.push_str(&line);
                        text.push('\n');
                    }
                    let mail = read(&to, &text);
                    let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
                    mails.push(mail);
                    "250 2.0.0 taken"
                }
                "QUIT" => return out.write_all(b"221 bye\r\n"),
                _ => "250 2.0.0 ok",
            };
            out.write_all(format!("{answer}\r\n").as_bytes())?;
        }
        Ok(())
    }
}

fn read(to: &str, text: &str) -> Mail {
    let subject = text.lines().find_map(|l| l.strip_prefix("Subject: "));
    // Quoted-printable (RFC 2045, 6.7), as far as a link needs it.
    let text = text.replace("=\n", "").replace("=3D", "=");
    let token = text.split_once("token=").map(|(_, rest)| {
        rest.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .collect()
    });
    Mail {
        to: to.to_owned(),
        subject: subject.unwrap_or_default().to_owned(),
        token,
    }
}
