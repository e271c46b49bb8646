use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Nothing but what this site itself serves; no inline script or style.
pub(super) const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const FIXED: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CSP),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // For browsers that know no frame-ancestors.
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        "none",
    ),
];

/// Puts the security headers on an answer.
pub(super) fn secure(headers: &mut HeaderMap, path: &str, https: bool) {
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if https {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    // Where the address holds a secret, no other site is told it. It is not the rule for all pages,
    // because it makes browsers send `Origin: null` with forms.
    let is_secret = matches!(path, "/verify-email" | "/signup" | "/recover");
    if is_secret || path.starts_with("/receipt/") || path.starts_with("/invites/") {
        headers.insert(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        );
    }
    let default = |headers: &mut HeaderMap, name, value| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    default(headers, header::REFERRER_POLICY, "same-origin");
    // Static files set their own.
    default(headers, header::CACHE_CONTROL, "no-store");
}
