//! When do the log's checkpoints leave the database, into a file and by mail?

use std::time::Duration;

use chrono::Utc;
use serde_json::json;

use super::{Job, Jobs, Turn};
use crate::{
    audit::seal::{
        checkpoint::Checkpoint,
        outside::{Appended, Folder},
        store::{self, Kept},
    },
    auth::origin::Origin,
    db::{
        absence::{Absence, Why},
        event::event,
        pool::DatabaseError,
        write::Write,
    },
    post::{Letter, Post, PostError},
    settings::Settings,
};

pub const JOB: Job =
    Job { name: "checkpoints", first: Duration::from_secs(2), every: Duration::from_secs(10), run: |jobs| Box::pin(turn(jobs)) };

/// The places a checkpoint goes to.
#[derive(Clone)]
pub struct Outside {
    folder: Folder,
    mail: Option<Mail>,
}

#[derive(Clone)]
struct Mail {
    post: Post,
    to: String,
}

impl Outside {
    #[must_use]
    pub fn of(settings: &Settings) -> Outside {
        let post = settings.smtp_url.as_ref().and_then(|url| Post::by(url.reveal()).ok());
        let mail = post.zip(settings.audit_mail.clone()).map(|(post, to)| Mail { post, to });
        Outside { folder: Folder::under(settings.data_dir()), mail }
    }
}

async fn turn(jobs: Jobs) -> Result<Turn, DatabaseError> {
    let connection = jobs.database.read().await?;
    let Some(Kept { note, .. }) = store::last(&connection).await? else {
        return Ok(Turn::Done);
    };
    drop(connection);
    let Outside { folder, mail } = jobs.outside.clone();
    let kept = note.clone();
    let appended = tokio::task::spawn_blocking(move || folder.append(Utc::now().date_naive(), &kept));
    match appended.await {
        Ok(Ok(Appended::Now | Appended::Before)) => {}
        Ok(Err(error)) => return Err(undone(error)),
        Err(ended) => return Err(undone(ended)),
    }
    if let Some(mail) = mail {
        send(&jobs, &mail, &note).await?;
    }
    Ok(Turn::Done)
}

/// The job's way to say that the database is not to blame: it is told in the log once, and tried again.
fn undone(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DatabaseError {
    DatabaseError::Away(Absence::new(Why::Away, error))
}

const ALONE: &str = "SELECT pg_try_advisory_xact_lock(hashtextextended('nexus: checkpoint mail', 0))";
const MAILED: &str = "\
    SELECT EXISTS (SELECT 1 FROM public.audit_logs l \
                    WHERE l.action = 'checkpoint_mailed' AND l.entity_type = 'event' \
                      AND l.created_at > clock_timestamp() - interval '24 hours')";

/// Once a day among all instances; that it went out stands in the log, or it does not go.
async fn send(jobs: &Jobs, mail: &Mail, note: &str) -> Result<(), DatabaseError> {
    if jobs.database.read().await?.query_one(MAILED, &[]).await?.try_get(0)? {
        return Ok(());
    }
    let write = Write::begin(&jobs.database, &Origin::job("checkpoints")).await?;
    let is_alone: bool = write.query_one(ALONE, &[]).await?.try_get(0)?;
    let is_mailed: bool = write.query_one(MAILED, &[]).await?.try_get(0)?;
    if !is_alone || is_mailed {
        return Ok(());
    }
    let checkpoint = Checkpoint::read(note.as_bytes()).map_err(undone)?;
    event(&write, "checkpoint_mailed", &json!({ "size": checkpoint.size, "to": mail.to })).await?;
    match mail.post.send(letter(&mail.to, &checkpoint)).await {
        Ok(()) => write.commit().await,
        Err(error @ (PostError::Url(_) | PostError::Server(_) | PostError::Address(_) | PostError::Letter(_) | PostError::Slow)) => {
            Err(undone(error))
        }
    }
}

fn letter<'a>(to: &'a str, checkpoint: &Checkpoint) -> Letter<'a> {
    let text = [
        "Keep this where nobody who may change the database can reach it. It says what the audit log was when it was signed;\n\
         with it, anybody can find out later whether an entry was changed or left out:\n\n\
         save all lines below this one as a file, and type: nexus-console audit verify --checkpoint FILE\n\n",
        checkpoint.note(),
    ];
    Letter { to, subject: "Checkpoint of the audit log", text: text.concat() }
}
