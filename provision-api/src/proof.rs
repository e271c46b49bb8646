use serde::{Deserialize, Serialize};

use crate::RequestId;

/// What became of one of the checks of `ProveAccount`; see the interface definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It works.
    Ok,
    /// It does not.
    Failed,
    /// There is nothing that could work or fail.
    NotApplicable,
}

impl Verdict {
    /// The word of the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::NotApplicable => "notApplicable",
        }
    }
}

/// One check, and a short line for admins: what was found, or why it failed. Printable, and without
/// secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What became of it.
    pub verdict: Verdict,
    /// Why, in a line.
    pub detail: String,
}

/// Whether the owner of an account can get in and read mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginProof {
    /// sshd would take a key that the registrar keeps, or ask for the password.
    pub login: Finding,
    /// A message was put into the Maildir and read back, as the owner.
    pub mailbox: Finding,
    /// neomutt reads `~/.neomuttrc` without complaint, as the owner.
    pub neomutt: Finding,
}

impl LoginProof {
    /// The checks by name.
    #[must_use]
    pub fn findings(&self) -> [(&'static str, &Finding); 3] {
        [
            ("login", &self.login),
            ("mailbox", &self.mailbox),
            ("neomutt", &self.neomutt),
        ]
    }

    /// Whether none of the checks failed.
    #[must_use]
    pub fn holds(&self) -> bool {
        let mut findings = self.findings().into_iter();
        findings.all(|(_, finding)| finding.verdict != Verdict::Failed)
    }
}

/// Reply of `ProveAccount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProveAccountReply {
    /// The call that this answers.
    pub request_id: RequestId,
    /// What was found.
    #[serde(flatten)]
    pub proof: LoginProof,
}
