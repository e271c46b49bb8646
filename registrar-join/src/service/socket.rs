use std::io::{Read, Write};
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use super::{NoReply, Question, Reply, Transport};

/// How long a reply may take; the service gives a request 90 s.
const PATIENCE: Duration = Duration::from_secs(100);
/// The most bytes of a reply.
const LONGEST: u64 = 1024 * 1024;

/// The Unix socket of registrar-web for this program.
///
/// A connection for each question, in HTTP/1.0 (RFC 1945), where a reply has no parts: it is its head,
/// and all that follows until the connection closes.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    /// Whose questions they are.
    address: IpAddr,
}

impl Socket {
    /// For somebody who connected from that address.
    #[must_use]
    pub fn new(path: &Path, address: IpAddr) -> Self {
        Self {
            path: path.to_owned(),
            address,
        }
    }

    fn write(&self, question: &Question) -> Zeroizing<String> {
        let method = if question.body.is_some() {
            "POST"
        } else {
            "GET"
        };
        let body = question.body.as_ref().map_or("", |b| b.as_str());
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/json\r\n"
        };
        Zeroizing::new(format!(
            "{method} /api/{} HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\
             User-Agent: registrar-join/{}\r\nX-Registrar-Client: {}\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            question.path,
            env!("CARGO_PKG_VERSION"),
            self.address,
            body.len(),
        ))
    }
}

impl Transport for Socket {
    fn ask(&mut self, question: &Question) -> Result<Reply, NoReply> {
        // Whoever wrote a path with a space or a line break in it meant another request.
        if question.path.bytes().any(|b| !b.is_ascii_graphic()) {
            return Err(NoReply);
        }
        let exchange = || {
            let mut stream = UnixStream::connect(&self.path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.write_all(self.write(question).as_bytes())?;
            let mut reply = Vec::new();
            stream.take(LONGEST).read_to_end(&mut reply)?;
            Ok::<_, std::io::Error>(reply)
        };
        let reply = exchange().map_err(|_| NoReply)?;
        parse(&reply).ok_or(NoReply)
    }
}

/// Status and body of a whole reply.
fn parse(reply: &[u8]) -> Option<Reply> {
    let end = reply.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(reply.get(..end)?).ok()?;
    let body = reply.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    // One that was cut off says how long it should be.
    for line in lines {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") && value.trim().parse() != Ok(body.len()) {
            return None;
        }
    }
    Some(Reply {
        status: status.parse().ok()?,
        body: serde_json::from_slice(body).unwrap_or(Value::Null),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_reply_has_a_status_and_a_body() {
        let reply = parse(b"HTTP/1.0 201 Created\r\ncontent-length: 7\r\n\r\n{\"a\":1}").unwrap();
        assert_eq!((reply.status, reply.body), (201, json!({"a": 1})));
        let empty = parse(b"HTTP/1.1 503 Busy\r\n\r\n").unwrap();
        assert_eq!((empty.status, empty.body), (503, Value::Null));
    }

    #[test]
    fn a_reply_that_is_cut_off_is_none() {
        for bytes in [
            &b""[..],
            b"HTTP/1.0 200 OK\r\n",
            b"HTTP/1.0 200 OK\r\ncontent-length: 8\r\n\r\n{\"a\":1}",
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.0 abc\r\n\r\n",
        ] {
            assert!(parse(bytes).is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn the_address_goes_with_every_question_and_the_body_is_counted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("join.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut text = vec![0; 4096];
            let got = stream.read(&mut text).unwrap();
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n{}").unwrap();
            text.truncate(got);
            String::from_utf8(text).unwrap()
        });
        let mut socket = Socket::new(&path, "2001:db8::7".parse().unwrap());
        let question = Question {
            path: "auth/register".into(),
            body: Some(Zeroizing::new(r#"{"displayName":"Zoë"}"#.into())),
        };
        assert_eq!(socket.ask(&question).unwrap().status, 200);
        let sent = server.join().unwrap();
        assert!(
            sent.starts_with("POST /api/auth/register HTTP/1.0\r\n"),
            "{sent}"
        );
        assert!(
            sent.contains("\r\nX-Registrar-Client: 2001:db8::7\r\n"),
            "{sent}"
        );
        assert!(
            sent.ends_with("\r\nContent-Length: 22\r\n\r\n{\"displayName\":\"Zoë\"}"),
            "{sent}"
        );
    }

    #[test]
    fn no_path_makes_a_second_request() {
        let mut socket = Socket::new(Path::new("/nowhere"), [127, 0, 0, 1].into());
        for path in ["a b", "a\r\nX: y", "ä"] {
            let question = Question {
                path: path.into(),
                body: None,
            };
            assert_eq!(socket.ask(&question).unwrap_err(), NoReply);
        }
    }
}
