//! registrar-web, as far as this program may ask it.

mod answers;
mod socket;

use provision_api::Username;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

pub use answers::{
    Community, Field, FieldError, FieldKind, Form, Invite, Inviter, Mode, NameCheck, Phase, Status,
    TakenIn,
};
pub use socket::Socket;

/// A question to the service.
#[derive(Debug)]
pub struct Question {
    /// Below `/api`, with nothing in it that would have to be escaped.
    pub path: String,
    /// Sent as `POST` where there is one; as `GET` otherwise.
    pub body: Option<Zeroizing<String>>,
}

/// What the service says, whatever it is.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body; `null` where it is no JSON.
    pub body: Value,
}

/// The service gave no reply, or one that can't be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sign-up service does not answer at the moment")]
pub struct NoReply;

/// How the service is reached.
pub trait Transport {
    /// Asks once.
    ///
    /// # Errors
    /// [`NoReply`]; what was asked for may have been done all the same.
    fn ask(&mut self, question: &Question) -> Result<Reply, NoReply>;
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// See [`NoReply`].
    NoReply,
    /// The service says no (RFC 9457).
    Problem {
        /// The stable word that ends its `type`.
        code: String,
        /// For the person.
        detail: String,
        /// What is wrong with which field.
        errors: Vec<FieldError>,
    },
}

/// The questions that this program has.
#[derive(Debug)]
pub struct Registrar<T>(T);

impl<T: Transport> Registrar<T> {
    /// By that transport.
    pub fn new(transport: T) -> Self {
        Self(transport)
    }

    /// The form as it is here and now.
    ///
    /// # Errors
    /// See [`Refusal`], as for all that follow.
    pub fn form(&mut self) -> Result<Form, Refusal> {
        self.get("auth/register/form".into())
    }

    /// Whether a name can be had.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn check_name(&mut self, name: &Username) -> Result<NameCheck, Refusal> {
        self.get(format!("auth/status/check-username/{name}"))
    }

    /// What an invite is for. The token has letters that need no escape.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn invite(&mut self, token: &str) -> Result<Invite, Refusal> {
        self.get(format!("invites/details/{token}"))
    }

    /// Signs up.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn register(&mut self, fields: Map<String, Value>) -> Result<TakenIn, Refusal> {
        self.post("auth/register", &Value::Object(fields))
    }

    /// Where the registration of that name stands.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn status(&mut self, name: &str) -> Result<Status, Refusal> {
        self.get(format!("auth/status/registration/{name}"))
    }

    /// Proves the address by the code of the mail.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn verify(&mut self, name: &str, code: &str) -> Result<Status, Refusal> {
        let body = json!({ "username": name, "code": code });
        self.post("auth/verify-email", &body)
    }

    /// Asks for the mail again.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn resend(&mut self, name: &str, email: &str) -> Result<(), Refusal> {
        let body = json!({ "username": name, "personalEmail": email });
        self.post("auth/resend-verification", &body)
            .map(|_: Value| ())
    }

    fn get<A: DeserializeOwned>(&mut self, path: String) -> Result<A, Refusal> {
        self.ask(&Question { path, body: None })
    }

    fn post<A: DeserializeOwned>(&mut self, path: &str, body: &Value) -> Result<A, Refusal> {
        self.ask(&Question {
            path: path.to_owned(),
            body: Some(Zeroizing::new(body.to_string())),
        })
    }

    fn ask<A: DeserializeOwned>(&mut self, question: &Question) -> Result<A, Refusal> {
        let reply = self.0.ask(question).map_err(|NoReply| Refusal::NoReply)?;
        if (200..300).contains(&reply.status) {
            return serde_json::from_value(reply.body).map_err(|_| Refusal::NoReply);
        }
        let problem: answers::Problem =
            serde_json::from_value(reply.body).map_err(|_| Refusal::NoReply)?;
        Err(problem.into())
    }
}
