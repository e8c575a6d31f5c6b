//! Words with a class each, as a fine-tuned encoder is asked about them: what entities and parts of speech have in common.

use crate::finetune::{
    Attention, Common, Exercise, Files, Material, Part, Reads, Recipe, Tuned, Words, best, beyond, first_of, joined,
    located, no_options_of_files, parted, shared, tune,
};
use crate::{Ground, Subject};
use cloze_corpus::sets::{ColumnsAsked, TaggedSentence, read_columns};
use cloze_foundation::{Place, Result};
use std::path::Path;

/// The endings of files of columns: they have many.
pub(crate) const ANY: &[&str] = &[];

/// A set of sentences.
pub(crate) struct TaggedSet {
    pub(crate) train: Vec<TaggedSentence>,
    pub(crate) dev: Vec<TaggedSentence>,
    pub(crate) test: Vec<TaggedSentence>,
}

impl TaggedSet {
    /// Reads the files of a set, or has `built` give a part of the built-in language: 0 is the training part, 1 the test part.
    /// `check` says what is wrong with the sentences of a file of a part of that name, and with the training part; the first file that it
    /// is asked about is of that.
    ///
    /// # Errors
    /// What files are not, and what `check` says; columns that are named where there are no files.
    pub(crate) fn read(
        common: &Common,
        columns: &ColumnsAsked,
        data_root: Option<&Path>,
        built: impl Fn(usize) -> Vec<TaggedSentence>,
        check: impl Fn(&str, &[TaggedSentence], &Path, &[TaggedSentence]) -> Result<()>,
    ) -> Result<Self> {
        let [train, dev, test] = match &Files::of(common.named(), data_root, ANY)? {
            Some(files) => {
                let [train, dev, test] = located(files, |path| read_columns(path, columns))?;
                let most = |part: Option<Part<TaggedSentence>>| first_of(part.unwrap_or_default(), common.examples);
                let whole: Vec<TaggedSentence> = joined(train.clone().unwrap_or_default());
                let (train, test) = (most(train), most(test));
                let learnt: Vec<TaggedSentence> = joined(train.clone());
                let parts = [("train", Some(&train)), ("dev", dev.as_ref()), ("test", Some(&test))];
                for (key, part) in parts {
                    for (path, sentences) in part.into_iter().flatten() {
                        check(key, sentences, path, &learnt).map_err(|fault| {
                            let is_cut = learnt.len() < whole.len() && check(key, sentences, path, &whole).is_ok();
                            let fault = fault.at(Place::key(key));
                            if is_cut { fault.remedy(beyond()) } else { fault }
                        })?;
                    }
                }
                [Some(learnt), dev.map(joined), Some(joined(test))]
            }
            None => {
                no_options_of_files(&[("column", columns.tag.is_some()), ("word", columns.word.is_some())])?;
                [Some(built(0)), None, Some(built(1))]
            }
        };
        let (train, test) = (train.unwrap_or_default(), test.unwrap_or_default());
        let text = |sentence: &TaggedSentence| sentence.words.join(" ");
        let (train, dev) = match dev {
            Some(dev) => (train, dev),
            None => {
                let named: Vec<(String, TaggedSentence)> = train.into_iter().map(|one| (text(&one), one)).collect();
                let (train, dev) = parted(named, common.recipe.development, |(text, _)| text.as_str())
                    .map_err(|fault| fault.at(Place::key("train")))?;
                let bare = |named: Vec<(String, TaggedSentence)>| named.into_iter().map(|(_, one)| one).collect();
                (bare(train), bare(dev))
            }
        };
        Ok(Self { train, dev, test })
    }
}

/// A set in tokens, and how many exercises and words each sentence is.
pub(crate) struct Tagged {
    pub(crate) task: String,
    material: Material,
    recipe: Recipe,
    how: (usize, Attention),
    dev: Vec<(usize, usize)>,
    test: Vec<(usize, usize)>,
    pub(crate) told: Vec<String>,
}

impl Tagged {
    /// In a model's tokens; `classes` gives the class of every word of a sentence, each below `outputs`.
    pub(crate) fn open(
        set: &TaggedSet,
        common: &Common,
        ground: &Ground,
        outputs: usize,
        classes: impl Fn(&TaggedSentence) -> Vec<u32>,
    ) -> Self {
        let tokenizer = &ground.corpus.tokenizer;
        let mut words = Words::new(tokenizer);
        let mut read = |part: &[TaggedSentence]| {
            let (mut all, mut sizes): (Vec<Exercise>, _) = (Vec::new(), Vec::new());
            for sentence in part {
                let exercises = words.exercises(&sentence.words, &classes(sentence), ground.window);
                sizes.push((exercises.len(), sentence.words.len()));
                all.extend(exercises);
            }
            (all, sizes)
        };
        let [(train, _), (dev, dev_sizes), (test, test_sizes)] = [read(&set.train), read(&set.dev), read(&set.test)];
        let texts = |part: &[TaggedSentence]| part.iter().map(|one| one.words.clone()).collect::<Vec<_>>();
        let told = shared(
            ground.task,
            "sentences",
            [&texts(&set.train), &texts(&set.dev), &texts(&set.test)],
        );
        Self {
            task: ground.task.to_owned(),
            material: Material {
                reads: Reads::Words,
                outputs,
                train,
                dev,
                test,
                pad: tokenizer.vocabulary().special.pad,
            },
            recipe: common.recipe.clone(),
            how: (common.seeds, common.attention),
            dev: dev_sizes,
            test: test_sizes,
            told: told.into_iter().collect(),
        }
    }

    /// Tunes a subject's encoder. `score` says how good the classes are that were answered for the words of the development part's sentences.
    /// Gives what was chosen and, of every seed, the classes that were answered for those of the test part.
    ///
    /// # Errors
    /// What [`tune`] says.
    pub(crate) fn tune(
        &self,
        subject: &Subject,
        score: impl Fn(&[Vec<u32>]) -> f64 + Sync,
    ) -> Result<(Tuned, Vec<Vec<Vec<u32>>>)> {
        let (seeds, attention) = self.how;
        let tuned = tune(subject, &self.material, (&self.recipe, seeds, attention), &|scores| {
            score(&self.sentences(scores, &self.dev))
        })?;
        let answers = tuned
            .answers
            .iter()
            .map(|scores| self.sentences(scores, &self.test))
            .collect();
        Ok((tuned, answers))
    }

    /// Answers sentence by sentence.
    fn sentences(&self, scores: &[Vec<f32>], sizes: &[(usize, usize)]) -> Vec<Vec<u32>> {
        let mut scores = scores.iter();
        let sentence = |(exercises, words): &(usize, usize)| {
            let own = scores.by_ref().take(*exercises);
            let classes = own.flat_map(|scores| best(scores, self.material.outputs));
            classes.take(*words).collect()
        };
        sizes.iter().map(sentence).collect()
    }
}
