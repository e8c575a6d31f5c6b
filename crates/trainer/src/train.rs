//! The training loop of one run.
//!
//! Nothing here has state that the position does not imply: which windows a step reads, how they are corrupted, what
//! dropout drops and what the learning rate is are functions of the seed, the step and what was spent; and, for an objective
//! that heeds answers, of what it remembers of them, which is saved with the position.

use crate::inside::Inside;
use crate::job;
use crate::meter::Meter;
use crate::schedule::learning_rate;
use crate::step::Unwatched;
use crate::{Feed, HeldOut, Job, Judge, Learner, Moment, Observer, Optimizer, Saved, Spacing, Tick, bounds, budget};
use cloze_foundation::{Draw, Fault, Result};
use cloze_objectives::{Answered, Answers, Model};
use cloze_schema::metric::{DIVERGED, LOSS, LOST_SECONDS, PRETRAINING, RESUMED_AFTER};
use cloze_schema::{Axis, Row, Spent, Split};
use std::time::Instant;

/// Training numbers are averaged over this share of the budget, 1 / 100.
const INTERVALS: usize = 100;

/// Where a run goes on.
pub struct Resume<'a> {
    /// What was saved.
    pub saved: Option<&'a Saved>,
    /// Seconds of training that were spent by then, those after the checkpoint that were lost included.
    pub seconds: f64,
}

/// Why training ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The budget is used.
    Finished,
    /// The loss or the gradient stopped being a number.
    Diverged {
        /// The last loss that was a number.
        last_finite_loss: Option<f64>,
        /// The last norm of the gradient that was a number.
        gradient_norm: Option<f64>,
        /// The windows of this step.
        windows: Vec<u64>,
    },
}

/// What training left.
pub struct Trained {
    /// The model, still with gradients.
    pub model: Model,
    /// What was used.
    pub spent: Spent,
    /// Why it ended.
    pub ending: Ending,
}

/// Trains and judges one run, from its beginning or from where it was left.
///
/// # Errors
/// A configuration that cannot be built, an evaluation that fails, an observer that refuses, what was saved of another
/// run. Divergence is not an error.
pub fn train(job: &Job, judge: &dyn Judge, observer: &mut dyn Observer, resume: Option<&Resume>) -> Result<Trained> {
    let mut run = Run::new(job)?;
    // Of an objective that has heard no answers yet: the same masks in every run, wherever it is taken up.
    let held_out = HeldOut::new(job, &*run.feed.objective);
    if let Some(resume) = resume {
        run.resume(resume, observer)?;
    }
    let inside = Inside::new(job);
    while run.reported < 1.0 {
        // A run that was saved between a step and its judgement goes on with the judgement.
        let share = run.share();
        if share <= run.reported
            && share < 1.0
            && let Some(ending) = run.step(share)?
        {
            run.report(observer);
            observer.row(&run.spent, Split::Train, PRETRAINING, DIVERGED, 1.0);
            observer.flush()?;
            return Ok(run.ended(ending));
        }
        let (before, share) = (run.reported, run.share());
        let judged = job.spacing.crossed(before, share, job.points.max(1));
        let judgement = if judged {
            run.judge((&held_out, &inside), judge, share, observer)?
        } else {
            Vec::new()
        };
        if Spacing::Even.crossed(before, share, INTERVALS)
            && let Some(tick) = run.report(observer)
        {
            observer.tick(&tick)?;
        }
        for row in judgement {
            observer.row(&row.spent, row.split, &row.task, &row.metric, row.value);
        }
        run.reported = share;
        if judged {
            observer.flush()?;
        }
        observer.at(&run.moment())?;
    }
    Ok(run.ended(Ending::Finished))
}

struct Run<'a> {
    job: &'a Job<'a>,
    feed: Feed<'a>,
    learner: Learner,
    /// FLOPs of an update of the weights.
    update_flops: f64,
    meter: Meter,
    spent: Spent,
    reported: f64,
    barren: Barren,
}

/// Steps in a row without a prediction. One has the loss 0 and teaches nothing; where no step has any, a budget in predictions
/// would never be used up.
#[derive(Debug, Default)]
struct Barren(u32);

impl Barren {
    /// More in a row are no accident.
    const MOST: u32 = 100;

    fn take(&mut self, step: u64, predicted: usize) -> Result<()> {
        self.0 = if predicted == 0 { self.0 + 1 } else { 0 };
        if self.0 < Self::MOST {
            Ok(())
        } else {
            Err(nothing_predicted(step))
        }
    }
}

impl<'a> Run<'a> {
    fn new(job: &'a Job<'a>) -> Result<Self> {
        job::check_length(job.encoder.window, job.corpus)?;
        let objective = job.configured()?;
        Ok(Self {
            update_flops: crate::optimizer::flops(&job.optimizer, &objective.hidden_matrices(job.encoder)),
            learner: Learner {
                model: job.model(&*objective)?,
                optimizer: Optimizer::new(job.optimizer),
                device: job.device.clone(),
            },
            feed: Feed {
                objective,
                text: &job.corpus.train,
                vocabulary: job.corpus.tokenizer.vocabulary(),
                shape: job.budget.shape(job.encoder.window),
                stages: &job.budget.stages,
                seed: job.seed,
            },
            meter: Meter::default(),
            spent: Spent::default(),
            reported: 0.0,
            barren: Barren::default(),
            job,
        })
    }

    /// Goes to where the run was left, and says so in its first rows.
    fn resume(&mut self, resume: &Resume, observer: &mut dyn Observer) -> Result<()> {
        if let Some(saved) = resume.saved {
            saved.restore(&mut self.learner)?;
            self.feed.objective.recall(&saved.position.memory)?;
            let position = &saved.position;
            self.spent = position.spent;
            self.reported = position.reported;
            self.meter = Meter::resume(&position.meter, self.job.device);
        }
        let pending = self.share() > self.reported;
        let last = self.spent.steps().saturating_sub(u64::from(pending)) as f64;
        let lost = (resume.seconds - self.spent[Axis::Seconds]).max(0.0);
        self.spent[Axis::Seconds] += lost;
        for (metric, value) in [(RESUMED_AFTER, last), (LOST_SECONDS, lost)] {
            observer.row(&self.spent, Split::Train, PRETRAINING, metric, value);
        }
        Ok(())
    }

    fn share(&self) -> f64 {
        self.job.budget.used(&self.spent)
    }

    fn moment(&self) -> Moment<'_> {
        Moment {
            learner: &self.learner,
            spent: &self.spent,
            reported: self.reported,
            meter: &self.meter,
            objective: &*self.feed.objective,
        }
    }

    fn ended(self, ending: Ending) -> Trained {
        Trained {
            model: self.learner.model,
            spent: self.spent,
            ending,
        }
    }

    /// The means of the interval; `None` where it had no step.
    fn report(&mut self, observer: &mut dyn Observer) -> Option<Tick> {
        let means = self.meter.take(&self.spent)?;
        for (metric, value) in means.rows() {
            observer.row(&self.spent, Split::Train, PRETRAINING, metric, value);
        }
        Some(Tick {
            share: self.share(),
            spent: self.spent,
            loss: means.loss,
            tokens_per_second: means.tokens_per_second,
        })
    }

    /// The validation loss, how the encoder is within, and what every evaluation finds.
    fn judge(
        &self,
        (held_out, inside): (&HeldOut, &Inside),
        judge: &dyn Judge,
        share: f64,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Row>> {
        let frozen = self.learner.model.frozen();
        let row = |split, task: String, metric: String, value| Row {
            spent: self.spent,
            split,
            task,
            metric,
            value,
        };
        let held_out_row = |metric: &str, value| row(Split::HeldOut, PRETRAINING.to_owned(), metric.to_owned(), value);
        let mut found = vec![held_out_row(LOSS, held_out.loss(&frozen))];
        if !self.job.spacing.crossed(0.0, self.reported, self.job.points.max(1)) {
            let bounds = bounds::of(self.job.corpus, held_out)?;
            found.extend(bounds.into_iter().map(|(metric, value)| held_out_row(metric, value)));
        }
        found.extend(
            inside
                .look(&frozen)
                .into_iter()
                .map(|(metric, value)| held_out_row(metric, value)),
        );
        let mut items = Vec::new();
        for which in 0..judge.count() {
            observer.at(&self.moment())?;
            let mut judgement = judge.judge(which, &frozen, share)?;
            items.append(&mut judgement.items);
            let findings = judgement.findings.into_iter();
            found.extend(findings.map(|finding| row(Split::Test, finding.task, finding.metric, finding.value)));
        }
        if share >= 1.0 {
            observer.items(items);
        }
        Ok(found)
    }

    /// One optimizer step, which starts at `share` of the budget.
    fn step(&mut self, share: f64) -> Result<Option<Ending>> {
        let started = Instant::now();
        let already = self.spent[Axis::Seconds];
        let (job, step) = (self.job, self.spent.steps());
        let batch = self.feed.batch(step, share);
        let sizes = batch.sizes();
        self.barren.take(step, sizes.predicted)?;
        let flops = self
            .feed
            .objective
            .flops(job.encoder, self.feed.vocabulary.size, &sizes)
            + self.update_flops;
        self.spent = self.spent.and(&budget::step(&*self.feed.objective, &sizes, flops));

        let spent = &mut self.spent;
        // The rate at the middle of the step.
        let rate = || {
            spent[Axis::Seconds] = already + started.elapsed().as_secs_f64();
            learning_rate(&job.optimizer, (share + job.budget.used(spent)) / 2.0)
        };
        let draw = Draw::new(job.seed, "model").step(step);
        let taken = self
            .learner
            .step(&batch, draw, rate, &mut Unwatched)
            .map_err(|fault| fault.at(format!("step {step}")))?;
        self.spent[Axis::Seconds] = already + started.elapsed().as_secs_f64();
        if let Some(rate) = taken.learning_rate {
            self.meter.add(taken.loss, taken.norm, rate, taken.parts);
            if !taken.answers.is_empty() {
                let answered: Vec<Answered> = taken.answers.into_iter().map(on_the_host).collect();
                self.feed.objective.heed(&answered);
            }
            return Ok(None);
        }
        let last = self.meter.last();
        Ok(Some(Ending::Diverged {
            last_finite_loss: if taken.loss.is_finite() {
                Some(taken.loss)
            } else {
                last.map(|(loss, _)| loss)
            },
            gradient_norm: last.map(|(_, norm)| norm),
            windows: self.feed.order(step, share),
        }))
    }
}

/// Answers as the objective hears them.
fn on_the_host(answers: Answers) -> Answered {
    let Answers { part, truth, credit } = answers;
    Answered {
        part,
        truth,
        credit: credit.into_data().iter::<f32>().collect(),
    }
}

/// Nothing is learnt any more.
fn nothing_predicted(step: u64) -> Fault {
    Fault::run(format!("not one token was predicted in {} steps", Barren::MOST))
        .at(format!("step {step}"))
        .remedy(
            "the text gives the objective too little to hide: raise budget.batch, encoder.window or its rate, or choose another \
             tokenizer (`cloze data describe` says how much of the text is unknown)",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_without_a_prediction_is_an_accident_and_a_hundred_in_a_row_are_none() {
        let mut barren = Barren::default();
        let mut take = |predicted| barren.take(7, predicted);
        for _ in 0..3 {
            assert!((1..Barren::MOST).all(|_| take(0).is_ok()));
            assert_eq!(take(1), Ok(()));
        }
        assert!((1..Barren::MOST).all(|_| take(0).is_ok()));
        let fault = take(0).unwrap_err();
        assert_eq!(fault.place().as_deref(), Some("step 7"));
        assert!(fault.remedy.is_some_and(|remedy| remedy.contains("budget.batch")));
    }
}
