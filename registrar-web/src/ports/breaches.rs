use async_trait::async_trait;

/// Why a list of leaked passwords did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BreachError {
    /// Not in time.
    #[error("it did not answer in time")]
    TimedOut,
    /// It can't be reached or spoken to.
    #[error("it can't be asked: {0}")]
    Unreachable(String),
    /// It answered otherwise than with a range.
    #[error("it answered with status {0}")]
    Status(u16),
}

/// A list of leaked passwords that is asked by range, so that it does not learn which one is meant.
#[async_trait]
pub trait BreachRanges: Send + Sync {
    /// The range that five hexadecimal digits name: lines `SUFFIX:COUNT`.
    ///
    /// # Errors
    /// See [`BreachError`].
    async fn range(&self, prefix: &str) -> Result<String, BreachError>;
}
