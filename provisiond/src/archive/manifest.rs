use provision_api::{DisplayName, RegistrationId, RequestId, Username};
use serde::{Deserialize, Serialize};

use super::Survey;
use crate::journal::Fingerprint;

/// Whose home is packed, and by which call.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The call.
    pub request_id: RequestId,
    /// When, in seconds since the epoch.
    pub at: i64,
    /// Name of user and group.
    pub username: Username,
    /// The registration that the account was made for.
    pub registration_id: RegistrationId,
    /// The user's id; its own group has the same number.
    pub uid: u32,
    /// As the person wrote it.
    pub display_name: DisplayName,
    /// The login shell, as the person chose it by then.
    pub shell: String,
    /// Absolute path of the home.
    pub home: String,
}

/// What is needed to restore an account, beside its home. No secret: the password hash goes with
/// the Linux user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format: 1.
    pub format: u32,
    /// The call that packed it.
    pub request_id: RequestId,
    /// When, in seconds since the epoch.
    pub archived_at: i64,
    /// Name of user and group.
    pub username: Username,
    /// The registration that the account was made for.
    pub registration_id: RegistrationId,
    /// The user's id; its own group has the same number.
    pub uid: u32,
    /// As the person wrote it.
    pub display_name: DisplayName,
    /// The login shell.
    pub shell: String,
    /// Absolute path of the home.
    pub home: String,
    /// Files of any kind in the archive, the home itself included.
    pub entries: u64,
    /// Sizes of the regular files, holes and each hard link included.
    pub bytes: u64,
    /// Sockets, which were left out.
    pub sockets: u64,
    /// Files and directories with a setuid or setgid bit.
    pub set_id: u64,
    /// Length of the archive.
    pub archive_bytes: u64,
    /// Digest of the archive.
    pub sha256: Fingerprint,
}

impl Manifest {
    pub(super) fn new(
        what: Packed,
        survey: Survey,
        archive_bytes: u64,
        sha256: Fingerprint,
    ) -> Self {
        Self {
            format: 1,
            request_id: what.request_id,
            archived_at: what.at,
            username: what.username,
            registration_id: what.registration_id,
            uid: what.uid,
            display_name: what.display_name,
            shell: what.shell,
            home: what.home,
            entries: survey.entries.saturating_sub(survey.sockets),
            bytes: survey.bytes,
            sockets: survey.sockets,
            set_id: survey.set_id,
            archive_bytes,
            sha256,
        }
    }
}
