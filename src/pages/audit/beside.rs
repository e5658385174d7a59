//! What was said of the entries on a page of the trail, and what may be done with each?

use super::telling::EntryView;
use crate::{
    audit::{
        entry::Log,
        review::{annotation::EntryKey, annotations},
    },
    auth::{grant::Grant, policy::Action},
    db::pool::{Connection, DatabaseError},
    pages::{annotate::NoteView, urls, visit::Visit},
    resource::Registry,
};

/// One question for the whole page; `here` is where an annotation leads back to.
///
/// # Errors
/// See [`DatabaseError`].
pub async fn put(
    connection: &Connection,
    visit: &Visit,
    registry: &Registry,
    here: &str,
    views: &mut [EntryView],
) -> Result<(), DatabaseError> {
    let may = |action: Action| -> Option<Grant> { visit.actor.authorize(action, registry.find(Log::Main.table())?).ok() };
    let (annotates, verifies) = (may(Action::Annotate), may(Action::Verify).is_some());
    let keys: Vec<EntryKey> = views.iter().flat_map(|view| std::iter::once(view).chain(&view.folded)).map(EntryView::key).collect();
    let mut said = match &annotates {
        Some(grant) => annotations(connection, grant, &keys).await?,
        None => return Ok(()),
    };
    let mut put = |view: &mut EntryView| {
        view.notes = said.remove(&view.key()).iter().flatten().map(|annotation| NoteView::of(annotation, visit)).collect();
        if verifies {
            view.ways.push(("Proof of inclusion", urls::proof_of(view.id)));
        }
        view.ways.push(("Add a note", urls::with_return(&urls::annotate_url(view.log.table(), view.id), here)));
    };
    for view in views {
        put(view);
        view.folded.iter_mut().for_each(&mut put);
        // A finding is not folded away.
        view.is_open |= view.folded.iter().any(|part| !part.notes.is_empty());
    }
    Ok(())
}

impl EntryView {
    fn key(&self) -> EntryKey {
        (self.log, self.id)
    }
}
