"""Makes folders/<name>/: small tokenizers as folders of Hugging Face have them, and the ids that AutoTokenizer gives of lines of
many scripts, with control characters, blanks of every kind and special tokens that are spelt out.

    python -m venv venv && venv/bin/pip install transformers==5.24.0 tokenizers==0.23.3
    venv/bin/python folders.py

Nothing is downloaded. `word-piece` and `cased` have a vocab.txt alone, `bytes` has vocab.json and merges.txt, the others have a
tokenizer.json: of byte-level BPE as RoBERTa has it, and of Unigram as ALBERT has it.
"""

import json
import random
import shutil
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

HERE = Path(__file__).parent / "folders"
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
ALBERT = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
WORDS = (
    "the farmer sees dogs near old rivers and low lower lowest newer widest a naïve café Über straße don't they'll 3rd 1999 "
    "слово дом 日本 東京 ภาษา हिन्दी שלום عربي e\u0301 ﬁne Ⅷ ½ ... !? (so) \"said\" 👍 👩\u200d👩 İstanbul ΣΑΣ"
).split(" ")
BETWEEN = [" ", "  ", "\t", "\u00a0", "\u3000", "\u2028", "\r", "\x01", "\x7f", "\u0085", "\ufeff", "\ufffd", "\u200b", ""]


def lines(count):
    draw = random.Random(20190810)
    made = []
    for _ in range(count):
        parts = []
        for _ in range(draw.randrange(1, 9)):
            odd = chr(draw.choice([draw.randrange(0x20, 0x500), draw.randrange(0x3000, 0x9FFF), draw.randrange(0x1F300, 0x1F700)]))
            parts += [draw.choice(WORDS) if draw.random() < 0.8 else odd, draw.choice(BETWEEN) if draw.random() < 0.3 else " "]
        if draw.random() < 0.1:
            parts.append(draw.choice(["[MASK]", "<mask>", "[CLS]", "</s>", "[mask]"]))
        made.append("".join(parts))
    return made + ["", " ", "\t", "a", "[MASK]", "x" * 150]


def folder(name):
    path = HERE / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def text():
    return [" ".join(WORDS)] * 50


def word_piece(name, lowercase):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(text(), trainers.WordPieceTrainer(vocab_size=260, special_tokens=BERT))
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda piece: piece[1])
    path = folder(name)
    (path / "vocab.txt").write_text("".join(piece + "\n" for piece, _ in pieces), encoding="utf-8")
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": lowercase}
    (path / "tokenizer_config.json").write_text(json.dumps(config) + "\n")


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=ROBERTA, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(text(), trainer)
    ends = [("</s>", ROBERTA.index("</s>")), ("<s>", ROBERTA.index("<s>"))]
    tokenizer.post_processor = processors.RobertaProcessing(*ends, add_prefix_space=False)
    names = dict(bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>")
    names |= dict(unk_token="<unk>", pad_token="<pad>", mask_token="<mask>")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder("byte-level"))
    path = folder("bytes")
    tokenizer.model.save(str(path))
    (path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "RobertaTokenizer"}) + "\n")


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    # transformers, convert_slow_tokenizer.py: AlbertConverter.
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace("``", '"'),
            normalizers.Replace("''", '"'),
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=250, special_tokens=ALBERT, unk_token="<unk>")
    tokenizer.train_from_iterator(text(), trainer)
    ends = [("[CLS]", ALBERT.index("[CLS]")), ("[SEP]", ALBERT.index("[SEP]"))]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ends
    )
    names = dict(cls_token="[CLS]", sep_token="[SEP]", unk_token="<unk>", pad_token="<pad>", mask_token="[MASK]")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder("unigram"))


word_piece("word-piece", True)
word_piece("cased", False)
byte_level()
unigram()
for path in sorted(HERE.iterdir()):
    tokenizer = AutoTokenizer.from_pretrained(path)
    found = [[line, tokenizer(line, split_special_tokens=True)["input_ids"]] for line in lines(120)]
    text_of = ",\n".join(json.dumps(entry) for entry in found)
    (path / "ids.json").write_text(f"[\n{text_of}\n]\n")
    print(path.name, len(tokenizer), sum(len(ids) for _, ids in found))
