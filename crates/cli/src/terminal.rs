//! Words for people, on stderr.
//!
//! A thread of its own writes them. A terminal that has gone, a full disk, a pipe that nobody reads: none of that can end or
//! hold up the work. What cannot be written is left out.

use crate::plain::{plain, shortened_lines};
use crate::progress::{Event, Shown};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Messages that may wait to be written; later ones are left out.
const WAITING: usize = 4096;
/// How long the end of a command waits until everything is written.
const PATIENCE: Duration = Duration::from_secs(2);
enum Message {
    Words(String),
    Event(Event),
    /// Everything before this was written.
    Written(SyncSender<()>),
}

static WRITER: LazyLock<Option<SyncSender<Message>>> = LazyLock::new(|| {
    let (sender, messages) = sync_channel(WAITING);
    let thread = std::thread::Builder::new().name("terminal".to_owned());
    // Without a thread nothing is said: what is to be done matters more.
    thread.spawn(move || write_all(&messages)).ok().map(|_| sender)
});

fn write_all(messages: &Receiver<Message>) {
    let mut shown = Shown::on_stderr();
    for message in messages {
        match message {
            Message::Words(words) => shown.words(&words),
            Message::Event(event) => shown.event(event),
            Message::Written(reply) => _ = reply.try_send(()),
        }
    }
}

fn send(message: Message) {
    if let Some(writer) = &*WRITER {
        let _ = writer.try_send(message);
    }
}

/// Says something to whoever looks.
pub fn say(words: &str) {
    send(Message::Words(shortened_lines(&plain(words))));
}

/// Shows how a sweep goes.
pub fn show(event: Event) {
    send(Message::Event(event));
}

/// Waits until everything is written that was said so far, but not for ever.
pub fn finish() {
    let (reply, written) = sync_channel(1);
    send(Message::Written(reply));
    let _ = written.recv_timeout(PATIENCE);
}
