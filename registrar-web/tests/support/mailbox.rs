//! The world's mail system as the test wants it to behave.

use std::sync::Mutex;

use async_trait::async_trait;
use registrar_web::ports::{MailError, Mailer, Message};

#[derive(Default)]
pub struct Mailbox {
    sent: Mutex<Vec<Message>>,
    trouble: Mutex<Option<MailError>>,
}

impl Mailbox {
    pub fn sent(&self) -> Vec<Message> {
        self.sent.lock().unwrap().clone()
    }

    /// Until told otherwise, every mail ends so.
    pub fn set_trouble(&self, trouble: Option<MailError>) {
        *self.trouble.lock().unwrap() = trouble;
    }

    /// The token of the latest mail that has one.
    pub fn token(&self) -> String {
        let sent = self.sent();
        let text = sent
            .iter()
            .rev()
            .find_map(|m| m.text.split_once("token="))
            .expect("a mail with a link")
            .1;
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .collect()
    }

    /// The code of the latest mail that has one: six digits, spaced in the middle.
    pub fn code(&self) -> String {
        let text = self.sent().last().expect("a mail").text.clone();
        let digits = |s: &str| s.len() == 3 && s.bytes().all(|b| b.is_ascii_digit());
        let words: Vec<&str> = text.split_whitespace().collect();
        let pair = words
            .windows(2)
            .find(|w| digits(w[0]) && digits(w[1]))
            .expect("a code");
        pair.concat()
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        if let Some(trouble) = self.trouble.lock().unwrap().clone() {
            return Err(trouble);
        }
        self.sent.lock().unwrap().push(message.clone());
        Ok(())
    }
}
