//! What happens when the embedded server dies while the console lives?

use std::{sync::Arc, time::Duration};

use super::{Embedded, EmbeddedError, Hold, Life};
use crate::{db::absence::Why, operations::readiness::Readiness};

const LOOK_EVERY: Duration = Duration::from_millis(200);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Embedded {
    /// Runs until the console stops: starts a server that died again, and says so; pages answer 503 meanwhile.
    pub async fn supervise(self: Arc<Self>, readiness: Readiness) {
        match self.hold {
            Hold::Ours(_) => {}
            Hold::Theirs => return,
        }
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.cluster.is_alive() {
                pause = FIRST_PAUSE;
                continue;
            }
            if *self.life() == Life::Stopped {
                return;
            }
            readiness.away(Why::Away);
            tracing::warn!("PostgreSQL died; starting it again");
            let embedded = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || embedded.start()).await {
                Ok(Ok(_)) => tracing::info!("PostgreSQL runs again"),
                Ok(Err(EmbeddedError::Stopping)) => return,
                Ok(Err(error)) => tracing::error!("{error}; trying again in {pause:?}"),
                Err(_stopping) => return,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
