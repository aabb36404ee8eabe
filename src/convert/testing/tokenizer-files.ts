// Small tokenizers of each kind, in the files that Hugging Face's programs write.

import { createVocabulary } from '../../gguf/testing/tiny-vocabulary.ts'

export interface ByteLevelOptions {
  /** Cuts the text into words; the bytes come after. */
  pattern?: string
  digits?: boolean
  ignoreMerges?: boolean
  /** Tokens after the vocabulary, special or not. */
  added?: readonly { content: string; special: boolean }[]
  /** Put before each text. */
  begin?: string
  /** Merges as pairs, as tokenizers writes them since 0.20. */
  pairs?: boolean
}

/** tokenizer.json of a byte-pair tokenizer over bytes: 256 bytes and a few words. */
export function byteLevelTokenizer(options: ByteLevelOptions): Record<string, unknown> {
  const { tokens, merges, types } = createVocabulary()
  const words = tokens.filter((_, id) => types[id] === 1)
  const added = (options.added ?? []).map(({ content, special }, index) => addedToken(words.length + index, content, special))
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: options.pattern === undefined }
  const split = { type: 'Split', pattern: { Regex: options.pattern }, behavior: 'Isolated', invert: false }
  const cuts = [
    ...(options.pattern === undefined ? [] : [split]),
    ...(options.digits ? [{ type: 'Digits', individual_digits: true }] : []),
    byteLevel,
  ]
  const beginId = added.find(({ content }) => content === options.begin)?.id
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: cuts.length === 1 ? byteLevel : { type: 'Sequence', pretokenizers: cuts },
    post_processor:
      options.begin === undefined ? byteLevel : { type: 'Sequence', processors: [byteLevel, beginWith(options.begin, beginId ?? 0)] },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: options.ignoreMerges ?? false,
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
      merges: options.pairs ? merges.map((merge) => merge.split(' ')) : merges,
    },
  }
}

/** How many tokens a byte-level tokenizer has without those that are added. */
export function byteLevelSize(): number {
  return createVocabulary().types.filter((type) => type === 1).length
}

function addedToken(id: number, content: string, special: boolean) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }
}

function beginWith(token: string, id: number) {
  const special = { SpecialToken: { id: token, type_id: 0 } }
  const text = (name: string, type: number) => ({ Sequence: { id: name, type_id: type } })
  return {
    type: 'TemplateProcessing',
    single: [special, text('A', 0)],
    pair: [special, text('A', 0), { SpecialToken: { id: token, type_id: 1 } }, text('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  }
}

const NORMAL = 1
const UNKNOWN = 2
const CONTROL = 3
const USER_DEFINED = 4
const BYTE = 6
const SPACE = '\u2581'
/** Letters first, then what they make together, from the left. */
const WORDS = ['the', 'llama', `${SPACE}the`, `${SPACE}llama`, 'user', 'model', `${SPACE}he`]

/** The pieces of a small SentencePiece model. `controls` are the first, in this order; `<unk>` is the unknown one. */
export function sentencePieces(
  controls: readonly string[],
  userDefined: readonly string[] = [],
): [text: string, score: number, type: number][] {
  const bytes = Array.from({ length: 256 }, (_, byte): [string, number, number] => [
    `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    0,
    BYTE,
  ])
  const letters = [...`${SPACE}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?`]
  const words = [...new Set(WORDS.flatMap((word) => [...word].map((_, end) => word.slice(0, end + 1)).slice(1)))]
  return [
    ...controls.map((text): [string, number, number] => [text, 0, text === '<unk>' ? UNKNOWN : CONTROL]),
    ...userDefined.map((text): [string, number, number] => [text, 0, USER_DEFINED]),
    ...bytes,
    ...words.map((word, rank): [string, number, number] => [word, -rank, NORMAL]),
    ...letters.map((letter, rank): [string, number, number] => [letter, -words.length - rank, NORMAL]),
  ]
}

/** tokenizer.model: the message of sentencepiece_model.proto, with what SentencePiece insists on. */
export function sentencePieceModel(pieces: readonly [text: string, score: number, type: number][]): Uint8Array {
  const messages = pieces.map(([text, score, type]) => {
    const value = new Uint8Array(4)
    new DataView(value.buffer).setFloat32(0, score, true)
    return lengthField(1, concat([lengthField(1, new TextEncoder().encode(text)), [0x15, ...value], [0x18, type]]))
  })
  const BYTE_PAIR = 2
  // Field 3: the kind; field 35: bytes stand for what has no piece.
  const trainer = concat([[0x18, BYTE_PAIR], [...variable(35 * 8), 1], idField(40, pieces, '<unk>'), idField(41, pieces, '<s>')])
  const normalizer = lengthField(1, new TextEncoder().encode('identity'))
  return concat([...messages, lengthField(2, trainer), lengthField(3, normalizer)])
}

function idField(number: number, pieces: readonly [string, number, number][], text: string): number[] {
  const id = pieces.findIndex(([piece]) => piece === text)
  return id < 0 ? [] : [...variable(number * 8), ...variable(id)]
}

function lengthField(number: number, bytes: Uint8Array): Uint8Array {
  return concat([variable(number * 8 + 2), variable(bytes.byteLength), bytes])
}

function variable(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...variable(Math.floor(value / 0x80))]
}

function concat(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))))
}

/** tokenizer.json of a byte-pair tokenizer over characters, as transformers makes it of a SentencePiece model. */
export function byteFallbackTokenizer(pieces: readonly [text: string, score: number, type: number][]): Record<string, unknown> {
  const texts = pieces.map(([text]) => text)
  const known = new Set(texts)
  const merges = pieces
    .filter(([text, , type]) => type === NORMAL && [...text].length > 1)
    .sort(([, a], [, b]) => b - a)
    .flatMap(([text]) => {
      const cut = [...text].map((_, at) => [text.slice(0, at), text.slice(at)] as const).slice(1)
      return cut.filter(([left, right]) => known.has(left) && known.has(right)).map(([left, right]) => `${left} ${right}`)
    })
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['<unk>', '<s>', '</s>'].map((content) => addedToken(texts.indexOf(content), content, true)),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: SPACE },
        { type: 'Replace', pattern: { String: ' ' }, content: SPACE },
      ],
    },
    pre_tokenizer: null,
    post_processor: beginWith('<s>', texts.indexOf('<s>')),
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: SPACE }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(texts.map((text, id) => [text, id])),
      merges,
    },
  }
}

export const WORD_PIECES = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  'the',
  'llama',
  '##s',
  '##ed',
  'eat',
  ...'abcdefghijklmnopqrstuvwxyz',
]

/** tokenizer.json of BERT's tokenizer. */
export function wordPieceTokenizer(): Record<string, unknown> {
  const id = (token: string) => WORD_PIECES.indexOf(token)
  const special = (token: string, type: number) => ({ SpecialToken: { id: token, type_id: type } })
  const text = (name: string, type: number) => ({ Sequence: { id: name, type_id: type } })
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: WORD_PIECES.slice(0, 5).map((content, index) => addedToken(index, content, true)),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]', 0), text('A', 0), special('[SEP]', 0)],
      pair: [special('[CLS]', 0), text('A', 0), special('[SEP]', 0), text('B', 1), special('[SEP]', 1)],
      special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map((token) => [token, { id: token, ids: [id(token)], tokens: [token] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(WORD_PIECES.map((token, index) => [token, index])),
    },
  }
}
