use std::future::Future;

use uuid::Uuid;

use crate::domain::User;
use crate::ports::{Page, PageRequest, StoreError};

/// How many records one request looks at. A page may then have fewer than asked for, even none,
/// and still a next one.
const MOST_LOOKED_AT: usize = 2000;

/// What is looked for in names: 1 to 64 characters, capitals or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText(String);

/// The text is empty or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("search for 1 to 64 characters")]
pub struct SearchError;

impl SearchText {
    /// Parses what to look for.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn parse(text: &str) -> Result<Self, SearchError> {
        let text = text.trim().to_lowercase();
        match text.chars().count() {
            1..=64 => Ok(Self(text)),
            _ => Err(SearchError),
        }
    }

    /// Whether user name or display name has it.
    #[must_use]
    pub fn is_in(&self, user: &User) -> bool {
        self.is_in_text(user.username.as_str()) || self.is_in_text(user.display_name.as_str())
    }

    /// Whether a text has it.
    #[must_use]
    pub fn is_in_text(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.0)
    }
}

/// A page of those that are to be kept, out of a longer list.
pub(super) async fn scan<T, Fetching>(
    page: &PageRequest,
    id: impl Fn(&T) -> Uuid + Send,
    keep: impl Fn(&T) -> bool + Send,
    fetch: impl Fn(PageRequest) -> Fetching + Send,
) -> Result<Page<T>, StoreError>
where
    T: Send,
    Fetching: Future<Output = Result<Page<T>, StoreError>> + Send,
{
    let limit = page.limit.clamp(1, 100);
    let mut items = Vec::new();
    let mut after = page.after;
    let mut looked_at = 0;
    loop {
        let part = fetch(PageRequest { limit: 100, after }).await?;
        looked_at += part.items.len();
        let last = part.items.last().map(&id);
        for item in part.items {
            let this = id(&item);
            if keep(&item) {
                items.push(item);
            }
            if items.len() == limit {
                let is_end = part.next.is_none() && Some(this) == last;
                let next = (!is_end).then_some(this);
                return Ok(Page { items, next });
            }
        }
        after = part.next;
        if after.is_none() || looked_at >= MOST_LOOKED_AT {
            return Ok(Page { items, next: after });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn numbers(
        limit: usize,
        after: Option<u128>,
        keep: fn(u128) -> bool,
    ) -> (Vec<u128>, Option<u128>) {
        const ALL: u128 = 5000;
        let page = PageRequest {
            limit,
            after: after.map(Uuid::from_u128),
        };
        let fetch = |page: PageRequest| async move {
            let from = page.after.map_or(0, |id| id.as_u128());
            let to = (from + page.limit as u128).min(ALL);
            let next = (to < ALL).then_some(Uuid::from_u128(to));
            let items = (from + 1..=to).collect();
            Ok(Page { items, next })
        };
        let id = |n: &u128| Uuid::from_u128(*n);
        let found = scan(&page, id, |n| keep(*n), fetch).await.unwrap();
        (found.items, found.next.map(|id| id.as_u128()))
    }

    #[tokio::test]
    async fn every_match_is_on_one_page_and_the_pages_end() {
        let mut seen = Vec::new();
        let mut after = None;
        for _ in 0..100 {
            let (items, next) = numbers(3, after, |n| n % 777 == 0).await;
            seen.extend(items);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(after, None);
        assert_eq!(seen, [777, 1554, 2331, 3108, 3885, 4662]);
    }

    #[tokio::test]
    async fn a_request_looks_at_so_many_and_says_where_to_go_on() {
        assert_eq!(numbers(10, None, |_| false).await, (vec![], Some(2000)));
        assert_eq!(numbers(10, Some(4000), |_| false).await, (vec![], None));
        let (last, next) = numbers(1, Some(4999), |_| true).await;
        assert_eq!((last, next), (vec![5000], None));
    }
}
