use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::RegistrationStatus;
use super::review::QuestionAnswer;
use crate::domain::SshKeysField;
use crate::registration::ReceiptView;

/// Another address.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddressBody {
    /// An address outside this host.
    #[schema(example = "ada@example.org")]
    pub personal_email: String,
}

/// Other keys.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeysBody {
    /// OpenSSH public keys, one a line; also taken as one text of several lines.
    #[schema(value_type = Vec<String>)]
    pub ssh_keys: SshKeysField,
}

/// A registration as its own person sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    /// What anyone may know.
    #[serde(flatten)]
    pub public: RegistrationStatus,
    /// Where the verification went.
    pub email: String,
    /// The keys to install, by their fingerprints.
    pub ssh_keys: Vec<String>,
    /// The place in the reviewers' queue, from 1; missing where it does not wait there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_place: Option<u64>,
    /// What the reviewers asked, oldest first; the last one may wait for its answer.
    pub questions: Vec<QuestionAnswer>,
    /// Why the reviewers said no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection: Option<String>,
    /// Whether the address can be changed.
    pub may_change_address: bool,
    /// Whether the keys can be changed.
    pub may_change_keys: bool,
}

impl From<ReceiptView> for Receipt {
    fn from(view: ReceiptView) -> Self {
        let questions = view.questions.into_iter();
        Self {
            public: view.public.into(),
            email: view.email,
            ssh_keys: view.ssh_keys,
            queue_place: view.place,
            questions: questions.map(QuestionAnswer::for_applicant).collect(),
            rejection: view.rejection,
            may_change_address: view.may_change_address,
            may_change_keys: view.may_change_keys,
        }
    }
}
