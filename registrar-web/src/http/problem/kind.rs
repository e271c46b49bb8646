use http::StatusCode;

/// Every problem that the service answers with. The code is the stable part: it ends the `type` of
/// the answer (RFC 9457) and names the page that explains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each one is described by `meaning`")]
pub enum Kind {
    MalformedJson,
    MalformedForm,
    InvalidFields,
    MalformedQuery,
    CrossSite,
    Unauthorized,
    WrongCredentials,
    ChallengeUnknown,
    WrongSecondFactor,
    InvalidToken,
    InternalOnly,
    SessionEnded,
    AccountSuspended,
    AccountDeleted,
    Forbidden,
    RegistrationUnfinished,
    RegistrationClosed,
    CommunityFull,
    NotFound,
    MethodNotAllowed,
    Timeout,
    NameNotAvailable,
    NotPossibleNow,
    VerificationUnknown,
    VerificationUsed,
    VerificationExpired,
    WrongCode,
    TooManyWrongCodes,
    RegistrationEnded,
    RecoveryUnknown,
    KeyKept,
    TooLarge,
    UnsupportedMediaType,
    TooManyRequests,
    Internal,
    Busy,
    StoreUnavailable,
    HostUnavailable,
}

impl Kind {
    /// All of them, for the pages that explain them.
    pub const ALL: [Self; 38] = [
        Self::MalformedJson,
        Self::MalformedForm,
        Self::InvalidFields,
        Self::MalformedQuery,
        Self::CrossSite,
        Self::Unauthorized,
        Self::WrongCredentials,
        Self::ChallengeUnknown,
        Self::WrongSecondFactor,
        Self::InvalidToken,
        Self::InternalOnly,
        Self::SessionEnded,
        Self::AccountSuspended,
        Self::AccountDeleted,
        Self::Forbidden,
        Self::RegistrationUnfinished,
        Self::RegistrationClosed,
        Self::CommunityFull,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::NameNotAvailable,
        Self::NotPossibleNow,
        Self::VerificationUnknown,
        Self::VerificationUsed,
        Self::VerificationExpired,
        Self::WrongCode,
        Self::TooManyWrongCodes,
        Self::RegistrationEnded,
        Self::RecoveryUnknown,
        Self::KeyKept,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::TooManyRequests,
        Self::Internal,
        Self::Busy,
        Self::StoreUnavailable,
        Self::HostUnavailable,
    ];

    /// The kind for a status that something below us answered with.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::Timeout,
            413 => Self::TooLarge,
            415 => Self::UnsupportedMediaType,
            429 => Self::TooManyRequests,
            503 => Self::Busy,
            400..500 => Self::MalformedQuery,
            _ => Self::Internal,
        }
    }

    /// The one with that code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.code() == code)
    }

    /// The stable word.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.facts().0
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.facts().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What `WWW-Authenticate` says with it (RFC 6750, 3).
    #[must_use]
    pub fn challenge(self) -> Option<&'static str> {
        match self {
            Self::Unauthorized
            | Self::WrongCredentials
            | Self::ChallengeUnknown
            | Self::WrongSecondFactor
            | Self::InternalOnly => Some("Bearer realm=\"registrar\""),
            Self::InvalidToken
            | Self::SessionEnded
            | Self::AccountSuspended
            | Self::AccountDeleted => Some("Bearer realm=\"registrar\", error=\"invalid_token\""),
            Self::Forbidden => Some("Bearer realm=\"registrar\", error=\"insufficient_scope\""),
            _ => None,
        }
    }

    /// A few words; the same for every occurrence.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.facts().2
    }

    /// What it means and what helps.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.facts().3
    }

    fn facts(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Self::MalformedJson => (
                "malformed-json",
                400,
                "This is not JSON",
                "The body is not well-formed JSON in UTF-8, or is nested too deeply. Nothing was done.",
            ),
            Self::MalformedForm => (
                "malformed-form",
                400,
                "This is not a form",
                "The body could not be read as the form it should be. Nothing was done.",
            ),
            Self::InvalidFields => (
                "invalid-fields",
                422,
                "Some fields have to be mended",
                "The body is well-formed, but some fields break a rule, have another type, are missing or are not known. Each one is named in errors, with a stable code and a sentence. Nothing was done.",
            ),
            Self::MalformedQuery => (
                "malformed-request",
                400,
                "This request can't be read",
                "A part of the address or a header of the request has a form that is not taken. Nothing was done.",
            ),
            Self::CrossSite => (
                "cross-site-form",
                403,
                "This form was not sent from its page",
                "The form did not come from a page of this site, or the cookie that belongs to it is missing. Allow cookies for this site, open the page again and send the form once more. Nothing was done.",
            ),
            Self::Unauthorized => (
                "unauthorized",
                401,
                "This needs a token",
                "Log in, and send the access token as Authorization: Bearer. Routes for admins also take the token of the file that the setting server.admin_token_file names.",
            ),
            Self::WrongCredentials => (
                "wrong-credentials",
                401,
                "Name or password is wrong",
                "There is no account with this name or address and this password. An address works once it is verified; before that, log in by name. After some failures, logins are refused for a while.",
            ),
            Self::ChallengeUnknown => (
                "challenge-unknown",
                401,
                "This login has lapsed",
                "No login waits for this challenge. A login waits for ten minutes and takes five codes; it is over once it succeeded, and when the password or the second factor is changed. Log in again.",
            ),
            Self::WrongSecondFactor => (
                "wrong-second-factor",
                401,
                "This code does not finish the login",
                "The code is not the one that is asked for, has expired, or was used before. triesLeft says how often it can be tried again; with none left, log in again. A recovery code can be sent instead.",
            ),
            Self::InvalidToken => (
                "invalid-token",
                401,
                "This token opens nothing",
                "The token is not one of this service, was changed, or has expired. Refresh it, or log in again.",
            ),
            Self::InternalOnly => (
                "internal-only",
                401,
                "Direct access to internal service is not allowed",
                "Direct access to internal service is not allowed. These routes are for services on the same host, by the socket that server.internal_socket names.",
            ),
            Self::SessionEnded => (
                "session-ended",
                401,
                "This session has ended",
                "It was signed out, here or on another device, or ended to protect the account. Log in again.",
            ),
            Self::AccountSuspended => (
                "account-suspended",
                401,
                "This account is suspended",
                "Your account has been suspended and access is denied.",
            ),
            Self::AccountDeleted => (
                "account-deleted",
                401,
                "This account is deleted",
                "Your account has been deleted and access is denied.",
            ),
            Self::Forbidden => (
                "forbidden",
                403,
                "Your role may not do this",
                "You are logged in, but this is for members with another role. Nothing was done.",
            ),
            Self::RegistrationUnfinished => (
                "registration-unfinished",
                403,
                "This account is not ready yet",
                "Name and password are right, but the registration is not complete; registration says where it stands and what is missing.",
            ),
            Self::RegistrationClosed => (
                "registration-closed",
                403,
                "Registration is closed",
                "The community takes no new members at the moment.",
            ),
            Self::CommunityFull => (
                "community-full",
                403,
                "All places are taken",
                "The community has as many members as it has room for. Look again later, or ask those who run it for an invite: theirs bring people in all the same. An invite that was not enough can still be used. Nothing was done.",
            ),
            Self::NotFound => (
                "not-found",
                404,
                "There is nothing here",
                "There is no such page, route or registration. Registrations that failed are forgotten after some days.",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                405,
                "This can't be done here",
                "The route exists, but not with this method; the header Allow names the ones that work.",
            ),
            Self::Timeout => (
                "timeout",
                408,
                "This took too long",
                "The request did not arrive, or could not be answered, in time. What was asked for may still have been done: look before you repeat it.",
            ),
            Self::NameNotAvailable => (
                "name-not-available",
                409,
                "This name can't be had",
                "Someone has the name, the host uses it, or it is reserved. Choose another one.",
            ),
            Self::NotPossibleNow => (
                "not-possible-now",
                409,
                "This can't be done now",
                "The registration is in a state in which this can't be done, or it was changed by someone else meanwhile.",
            ),
            Self::VerificationUnknown => (
                "verification-unknown",
                404,
                "This link or code is not known",
                "Nothing waits for this link or code. It may be cut off, or a newer mail may have replaced it.",
            ),
            Self::VerificationUsed => (
                "verification-used",
                409,
                "This address is verified already",
                "The link or code has done its work; there is nothing left to do with it.",
            ),
            Self::VerificationExpired => (
                "verification-expired",
                410,
                "This link or code has expired",
                "It was not used in time, so the registration is taken back. The name is free again soon; register anew.",
            ),
            Self::WrongCode => (
                "wrong-code",
                422,
                "This is another code",
                "The code is not the one of the mail or of the authenticator, or was used before. triesLeft, if it is there, says how often it can be tried again.",
            ),
            Self::TooManyWrongCodes => (
                "too-many-wrong-codes",
                403,
                "Too many wrong codes",
                "After five wrong codes none is taken any more. The link of the mail still works, and a new mail brings a new code.",
            ),
            Self::RegistrationEnded => (
                "registration-ended",
                410,
                "This registration has ended",
                "It failed or was not accepted; its status page says why.",
            ),
            Self::RecoveryUnknown => (
                "recovery-unknown",
                404,
                "This link or code is of no use",
                "The link or code to choose a new password is cut off, wrong, used, or older than an hour, or a newer mail has replaced it; nothing says which. Of codes, five are tried in an hour. Ask for another mail.",
            ),
            Self::KeyKept => (
                "key-kept",
                409,
                "This key is there already",
                "The account has this SSH key already. Nothing was done.",
            ),
            Self::TooLarge => (
                "too-large",
                413,
                "This is too large",
                "A body has at most 64 KiB.",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                415,
                "This kind of body is not taken",
                "Send JSON with Content-Type: application/json to /api, and forms as application/x-www-form-urlencoded to pages.",
            ),
            Self::TooManyRequests => (
                "too-many-requests",
                429,
                "Too many requests",
                "Your network has asked too often; Retry-After says in how many seconds it can go on.",
            ),
            Self::Internal => (
                "internal",
                500,
                "Something went wrong here",
                "This is our fault. The request id helps the admins to find out why.",
            ),
            Self::Busy => (
                "busy",
                503,
                "Many people are here right now",
                "The service has as much to do as it can; Retry-After says in how many seconds to try again. Nothing was done.",
            ),
            Self::StoreUnavailable => (
                "store-unavailable",
                503,
                "The records can't be reached",
                "The store of the service does not answer at the moment. Nothing that was confirmed is lost; try again in a minute.",
            ),
            Self::HostUnavailable => (
                "host-unavailable",
                503,
                "The host can't be reached",
                "The part of the service that works on the host does not answer at the moment. Nothing is lost; try again in a minute.",
            ),
        }
    }
}
