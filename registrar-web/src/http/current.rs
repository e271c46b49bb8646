use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;

/// The routes that requests go to, which a reload replaces. A request that has begun ends with
/// those that it began with.
#[derive(Clone)]
pub struct CurrentRoutes(Arc<RwLock<Router>>);

impl From<Router> for CurrentRoutes {
    fn from(router: Router) -> Self {
        Self(Arc::new(RwLock::new(router)))
    }
}

impl CurrentRoutes {
    /// The routes as they are now.
    pub fn get(&self) -> Router {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// From now on these.
    pub fn set(&self, router: Router) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = router;
    }
}
