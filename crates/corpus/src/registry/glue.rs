//! The tasks of GLUE. Sizes and hashes as huggingface/datasets has them, `datasets/glue/dataset_infos.json`; what the archives
//! hold as its `glue.py` reads it.

use super::{Home, KnownSource, Member, RemoteFile, Use, set};

/// The three files that most archives have in a folder.
macro_rules! parts {
    ($folder:literal) => {
        &[
            Member::named(concat!($folder, "/train.tsv"), "train.tsv"),
            Member::named(concat!($folder, "/dev.tsv"), "dev.tsv"),
            Member::named(concat!($folder, "/test.tsv"), "test.tsv"),
        ]
    };
}

const BASE: &str = "https://dl.fbaipublicfiles.com/glue/data/";

pub(super) const COLA: KnownSource = set(
    Use::Labelled,
    "glue-cola",
    "glue/cola",
    "GLUE's CoLA: 10,657 sentences of linguists, acceptable or not",
    "no open licence: excerpts from publications, given away for research",
    "https://nyu-mll.github.io/CoLA/",
    "Warstadt, Singh & Bowman 2019, Neural Network Acceptability Judgments, TACL; Wang et al. 2019, GLUE, ICLR",
)
.at_home(Home {
    base: BASE,
    files: &[RemoteFile::zip(
        "CoLA.zip",
        376_971,
        "f212fcd832b8f7b435fb991f101abf89f96b933ab400603bf198960dfc32cbff",
        parts!("CoLA"),
    )],
});

pub(super) const SST2: KnownSource = set(
    Use::Labelled,
    "glue-sst2",
    "glue/sst2",
    "GLUE's SST-2: 70,042 phrases of film reviews, positive or negative",
    "no licence is stated; given away for research",
    "https://nlp.stanford.edu/sentiment/index.html",
    "Socher et al. 2013, Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank, EMNLP; Wang et al. 2019, GLUE, ICLR",
)
.at_home(Home {
    base: BASE,
    files: &[RemoteFile::zip(
        "SST-2.zip",
        7_439_277,
        "d67e16fb55739c1b32cdce9877596db1c127dc322d93c082281f64057c16deaa",
        parts!("SST-2"),
    )],
});

pub(super) const MRPC: KnownSource = set(
    Use::Labelled,
    "glue-mrpc",
    "glue/mrpc",
    "GLUE's MRPC: 5,801 pairs of sentences from news, of one meaning or not",
    "none is stated beside the files",
    "https://www.microsoft.com/en-us/download/details.aspx?id=52398",
    "Dolan & Brockett 2005, Automatically Constructing a Corpus of Sentential Paraphrases, IWP; Wang et al. 2019, GLUE, ICLR",
)
.at_home(Home {
    base: "https://dl.fbaipublicfiles.com/senteval/senteval_data/",
    files: &[RemoteFile::plain("msr_paraphrase_train.txt", 1_047_044, "60a9b09084528f0673eedee2b69cb941920f0b8cd0eeccefc464a98768457f89"),RemoteFile::plain("msr_paraphrase_test.txt", 441_275, "a04e271090879aaba6423d65b94950c089298587d9c084bf9cd7439bd785f784")],
});

pub(super) const QQP: KnownSource = set(
    Use::Labelled,
    "glue-qqp",
    "glue/qqp",
    "GLUE's QQP: 795,241 pairs of questions, of one meaning or not",
    "none is stated beside the file",
    "https://data.quora.com/First-Quora-Dataset-Release-Question-Pairs",
    "Iyer, Dandekar & Csernai 2017, First Quora Dataset Release: Question Pairs; Wang et al. 2019, GLUE, ICLR",
)
.at_home(Home {
    base: BASE,
    files: &[RemoteFile::zip(
        "QQP-clean.zip",
        41_696_084,
        "40e7c862c04eb26ee04b67fd900e76c45c6ba8e6d8fab4f8f1f8072a1a3fbae0",
        parts!("QQP"),
    )],
});

pub(super) const STSB: KnownSource = set(
    Use::Labelled,
    "glue-stsb",
    "glue/stsb",
    "GLUE's STS-B: 8,628 pairs of sentences, how alike from 0 to 5",
    "none is stated beside the file",
    "http://ixa2.si.ehu.es/stswiki/index.php/STSbenchmark",
    "Cer et al. 2017, SemEval-2017 Task 1: Semantic Textual Similarity, SemEval; Wang et al. 2019, GLUE, ICLR",
)
.at_home(Home {
    base: BASE,
    files: &[RemoteFile::zip(
        "STS-B.zip",
        802_872,
        "e60a6393de5a8b5b9bac5020a1554b54e3691f9d600b775bd131e613ac179c85",
        parts!("STS-B"),
    )],
});

pub(super) const MNLI: KnownSource = set(
    Use::Labelled,
    "glue-mnli",
    "glue/mnli",
    "GLUE's MNLI: 431,992 pairs of sentences in ten genres: entailed, neutral or contradicted",
    "none is stated beside the file",
    "http://www.nyu.edu/projects/bowman/multinli/",
    "Williams, Nangia & Bowman 2018, A Broad-Coverage Challenge Corpus for Sentence Understanding through Inference, NAACL; Wang et al. 2019, GLUE, ICLR",
)
.at_home(Home {
    base: BASE,
    files: &[RemoteFile::zip("MNLI.zip", 312_783_507, "e7c1d896d26ed6caf700110645df426cc2d8ebf02a5ab743d5a5c68ac1c83633", &[Member::named("MNLI/train.tsv", "train.tsv"), Member::named("MNLI/dev_matched.tsv", "dev_matched.tsv"), Member::named("MNLI/dev_mismatched.tsv", "dev_mismatched.tsv"), Member::named("MNLI/test_matched.tsv", "test_matched.tsv"), Member::named("MNLI/test_mismatched.tsv", "test_mismatched.tsv")])],
});

pub(super) const QNLI: KnownSource = set(
    Use::Labelled,
    "glue-qnli",
    "glue/qnli",
    "GLUE's QNLI: 115,669 pairs of a question and a sentence that answers it or not",
    "CC BY-SA 4.0, as SQuAD",
    "https://rajpurkar.github.io/SQuAD-explorer/",
    "Rajpurkar, Zhang, Lopyrev & Liang 2016, SQuAD, EMNLP; Wang et al. 2019, GLUE, ICLR",
)
.at_home(Home {
    base: BASE,
    files: &[RemoteFile::zip(
        "QNLIv2.zip",
        10_627_589,
        "e634e78627a29adaecd4f955359b22bf5e70f2cbd93b493f2d624138a0c0e5f5",
        parts!("QNLI"),
    )],
});

pub(super) const RTE: KnownSource = set(
    Use::Labelled,
    "glue-rte",
    "glue/rte",
    "GLUE's RTE: 5,767 pairs of sentences, entailed or not",
    "no open licence (PASCAL challenges)",
    "https://aclweb.org/aclwiki/Recognizing_Textual_Entailment",
    "Dagan et al. 2006; Bar-Haim et al. 2006; Giampiccolo et al. 2007; Bentivogli et al. 2009, PASCAL Recognizing Textual Entailment Challenge; Wang et al. 2019, GLUE, ICLR",
)
.at_home(Home {
    base: BASE,
    files: &[RemoteFile::zip(
        "RTE.zip",
        697_150,
        "6bf86de103ecd335f3441bd43574d23fef87ecc695977a63b82d5efb206556ee",
        parts!("RTE"),
    )],
});

pub(super) const WNLI: KnownSource = set(
    Use::Labelled,
    "glue-wnli",
    "glue/wnli",
    "GLUE's WNLI: 852 pairs of a sentence with a pronoun and one with what it may stand for",
    "none is stated beside the file",
    "https://cs.nyu.edu/faculty/davise/papers/WinogradSchemas/WS.html",
    "Levesque, Davis & Morgenstern 2012, The Winograd Schema Challenge, KR; Wang et al. 2019, GLUE, ICLR",
)
.at_home(Home {
    base: BASE,
    files: &[RemoteFile::zip(
        "WNLI.zip",
        28_999,
        "ae0e8e4d16f4d46d4a0a566ec7ecceccfd3fbfaa4a7a4b4e02848c0f2561ac46",
        parts!("WNLI"),
    )],
});
