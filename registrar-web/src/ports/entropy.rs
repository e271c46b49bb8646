use jiff::Timestamp;
use uuid::Uuid;

/// Random bytes. Tests seed it.
pub trait Entropy: Send + Sync {
    /// Fills the bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Conveniences over [`Entropy`].
pub trait EntropyExt: Entropy {
    /// So many random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random number.
    fn number(&self) -> u32 {
        u32::from_le_bytes(self.bytes())
    }

    /// A UUID of version 7 (RFC 9562) for that time.
    fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

impl<T: Entropy + ?Sized> EntropyExt for T {}

/// The kernel's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // getrandom(2) fails only on kernels older than any that is supported; going on with
        // predictable tokens would be worse than ending.
        if getrandom::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}
