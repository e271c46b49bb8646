//! An SMTP server (RFC 5321) that stands for the outside world: real TCP, real commands, and it
//! answers as the test tells it to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

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
    /// Accepts the connection and says nothing.
    Hang,
}

#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) data: String,
}

#[derive(Clone)]
pub(crate) struct SmtpServer {
    pub(crate) address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl SmtpServer {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            manner: Arc::new(Mutex::new(manner)),
            received: Arc::default(),
        };
        let clone = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = clone.clone();
                tokio::spawn(async move { server.talk(stream).await });
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

    async fn talk(&self, stream: TcpStream) -> Option<()> {
        let manner = *self.manner.lock().unwrap();
        if manner == Manner::Hang {
            tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        }
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write
            .write_all(b"220 outside.example ESMTP\r\n")
            .await
            .ok()?;
        if manner == Manner::Close {
            return None;
        }
        let (mut from, mut to) = (String::new(), String::new());
        while let Some(line) = lines.next_line().await.ok()? {
            let verb = line.split([' ', ':']).next().unwrap_or("").to_uppercase();
            let answer = match verb.as_str() {
                // No STARTTLS among the extensions: this server has no TLS.
                "EHLO" => "250-outside.example\r\n250 8BITMIME",
                "MAIL" => {
                    from = line.clone();
                    "250 2.1.0 ok"
                }
                "RCPT" => {
                    to = line.clone();
                    match manner {
                        Manner::Recipient(answer) => answer,
                        _ => "250 2.1.5 ok",
                    }
                }
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.ok()?;
                    let mut data = String::new();
                    while let Some(line) = lines.next_line().await.ok()? {
                        if line == "." {
                            break;
                        }
                        data.push_str(line.strip_prefix('.').unwrap_or(&line));
                        data.push('\n');
                    }
                    match manner {
                        Manner::Data(answer) => answer,
                        _ => {
                            let mail = Received {
                                from: from.clone(),
                                to: to.clone(),
                                data,
                            };
                            self.received.lock().unwrap().push(mail);
                            "250 2.0.0 queued"
                        }
                    }
                }
                "QUIT" => {
                    write.write_all(b"221 bye\r\n").await.ok()?;
                    return Some(());
                }
                _ => "502 5.5.1 no",
            };
            write
                .write_all(format!("{answer}\r\n").as_bytes())
                .await
                .ok()?;
        }
        Some(())
    }
}
