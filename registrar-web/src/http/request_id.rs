use http::HeaderValue;

use crate::domain::{RequestId, Timestamp};
use crate::ports::{Entropy, EntropyExt};

/// The header that carries it.
pub(super) const HEADER: &str = "x-request-id";

/// Names one request, in logs, answers and calls of the host.
#[derive(Clone, Debug)]
pub(super) struct CurrentRequest {
    /// As the client sent it if that was sane, otherwise made here.
    pub text: String,
    /// For provisiond, which takes UUIDs alone: the same where it is one.
    pub id: RequestId,
}

impl CurrentRequest {
    /// Takes the client's id if it is at most 64 of letters, digits, `-`, `_` and `.`; makes a
    /// `UUIDv7` (RFC 9562) otherwise, so that nothing strange gets into logs.
    #[must_use]
    pub(super) fn of(header: Option<&HeaderValue>, entropy: &dyn Entropy, now: Timestamp) -> Self {
        let sent = header.and_then(|h| h.to_str().ok()).filter(|t| is_sane(t));
        let id = sent
            .and_then(|t| RequestId::parse(t).ok())
            .unwrap_or_else(|| RequestId::new(entropy.uuid_v7(now)));
        Self {
            text: sent.map_or_else(|| id.to_string(), str::to_owned),
            id,
        }
    }
}

fn is_sane(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::OsEntropy;

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        let of = |t: &str| {
            let header = HeaderValue::from_str(t).unwrap();
            CurrentRequest::of(Some(&header), &OsEntropy, Timestamp::UNIX_EPOCH)
        };
        assert_eq!(of("trace_1.a-B").text, "trace_1.a-B");
        let uuid = "0193a1b2-0000-7000-8000-00000000abcd";
        assert_eq!(of(uuid).id.to_string(), uuid);
        for bad in ["", "a b", "a/b", "x\u{e4}", &"a".repeat(65)] {
            let got = of(bad);
            assert_eq!(got.text, got.id.to_string(), "{bad}");
            assert_eq!(got.id.uuid().get_version_num(), 7);
        }
    }
}
