//! An SMTP server (RFC 5321) that stands for the outside world: real TCP, real commands, TLS where
//! the test wants it, and it answers as the test tells it to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does with the next mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Accept,
    /// Answers `RCPT TO` so.
    Recipient(&'static str),
    /// Answers the mail's end so.
    Data(&'static str),
    /// Closes the connection after the greeting.
    Close,
    /// Takes the mail, and closes the connection after it.
    CloseAfterMail,
    /// Accepts the connection and says nothing.
    Hang,
}

/// How a connection is secured, and with whose log-in mail is taken.
#[derive(Clone)]
pub(crate) enum Security {
    /// Not at all; `STARTTLS` is not among the extensions.
    None,
    /// `STARTTLS` (RFC 3207).
    Starttls(TlsAcceptor, &'static str, &'static str),
    /// From the first byte (RFC 8314).
    Implicit(TlsAcceptor, &'static str, &'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) data: String,
    /// Whether it came over TLS.
    pub(crate) secured: bool,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

#[derive(Clone)]
pub(crate) struct SmtpServer {
    pub(crate) address: SocketAddr,
    security: Security,
    manner: Arc<Mutex<Manner>>,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
    commands: Arc<Mutex<Vec<String>>>,
}

impl SmtpServer {
    pub(crate) async fn start(manner: Manner) -> Self {
        Self::secured(manner, Security::None).await
    }

    pub(crate) async fn secured(manner: Manner, security: Security) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            security,
            manner: Arc::new(Mutex::new(manner)),
            received: Arc::default(),
            connections: Arc::default(),
            commands: Arc::default(),
        };
        let clone = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = clone.clone();
                server.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move { server.serve(Box::new(stream)).await });
            }
        });
        server
    }

    pub(crate) fn set(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// How many there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn manner(&self) -> Manner {
        *self.manner.lock().unwrap()
    }

    /// Every command line, each after `plain ` or `tls `.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap().clone()
    }

    async fn serve(&self, stream: Box<dyn Stream>) -> Option<()> {
        let manner = self.manner();
        if manner == Manner::Hang {
            tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        }
        let (stream, mut secured): (Box<dyn Stream>, bool) = match &self.security {
            Security::Implicit(tls, ..) => (Box::new(tls.accept(stream).await.ok()?), true),
            _ => (stream, false),
        };
        let mut stream = BufStream::new(stream);
        say(&mut stream, "220 outside.example ESMTP").await?;
        if manner == Manner::Close {
            return None;
        }
        // Round again when the client has asked for TLS.
        while self.talk(&mut stream, secured).await? == Ended::StartTls {
            let Security::Starttls(tls, ..) = &self.security else {
                return None;
            };
            say(&mut stream, "220 2.0.0 go on").await?;
            let plain = stream.into_inner();
            stream = BufStream::new(Box::new(tls.accept(plain).await.ok()?));
            secured = true;
        }
        Some(())
    }

    async fn talk(&self, stream: &mut BufStream<Box<dyn Stream>>, secured: bool) -> Option<Ended> {
        let (mut from, mut to) = (String::new(), String::new());
        let login = match self.security {
            Security::None => None,
            Security::Starttls(_, name, password) | Security::Implicit(_, name, password) => Some(
                base64::engine::general_purpose::STANDARD.encode(format!("\0{name}\0{password}")),
            ),
        };
        let mut logged_in = login.is_none();
        while let Some(line) = line(stream).await {
            let channel = if secured { "tls" } else { "plain" };
            self.commands
                .lock()
                .unwrap()
                .push(format!("{channel} {line}"));
            let verb = line.split([' ', ':']).next().unwrap_or("").to_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => match self.security {
                    Security::Starttls(..) if !secured => {
                        "250-outside.example\r\n250-STARTTLS\r\n250 8BITMIME"
                    }
                    Security::Starttls(..) | Security::Implicit(..) => {
                        "250-outside.example\r\n250-AUTH PLAIN\r\n250 8BITMIME"
                    }
                    Security::None => "250-outside.example\r\n250 8BITMIME",
                },
                "STARTTLS" => return Some(Ended::StartTls),
                "AUTH" => {
                    logged_in = secured && line.strip_prefix("AUTH PLAIN ") == login.as_deref();
                    if logged_in {
                        "235 2.7.0 ok"
                    } else {
                        "535 5.7.8 no"
                    }
                }
                "MAIL" if !logged_in => "530 5.7.0 log in first",
                "MAIL" => {
                    from = line.clone();
                    "250 2.1.0 ok"
                }
                "RCPT" => {
                    to = line.clone();
                    match self.manner() {
                        Manner::Recipient(answer) => answer,
                        _ => "250 2.1.5 ok",
                    }
                }
                "DATA" => {
                    say(stream, "354 go on").await?;
                    let data = data(stream).await?;
                    match self.manner() {
                        Manner::Data(answer) => answer,
                        _ => {
                            self.received.lock().unwrap().push(Received {
                                from: from.clone(),
                                to: to.clone(),
                                data,
                                secured,
                            });
                            "250 2.0.0 queued"
                        }
                    }
                }
                "NOOP" => "250 2.0.0 ok",
                "RSET" => "250 2.0.0 ok",
                "QUIT" => {
                    say(stream, "221 bye").await?;
                    return Some(Ended::Quit);
                }
                _ => "502 5.5.1 no",
            };
            say(stream, answer).await?;
            if verb == "DATA" && self.manner() == Manner::CloseAfterMail {
                return None;
            }
        }
        Some(Ended::Quit)
    }
}

#[derive(PartialEq, Eq)]
enum Ended {
    Quit,
    StartTls,
}

async fn say(stream: &mut BufStream<Box<dyn Stream>>, text: &str) -> Option<()> {
    stream
        .write_all(format!("{text}\r\n").as_bytes())
        .await
        .ok()?;
    stream.flush().await.ok()
}

/// A line without its end; `None` at the end of the connection.
async fn line(stream: &mut BufStream<Box<dyn Stream>>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
    }
}

/// A mail up to its dot.
async fn data(stream: &mut BufStream<Box<dyn Stream>>) -> Option<String> {
    let mut data = String::new();
    loop {
        let line = line(stream).await?;
        if line == "." {
            return Some(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
        data.push('\n');
    }
}
