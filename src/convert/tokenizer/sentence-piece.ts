// tokenizer.model: SentencePiece's own file, a protobuf message. Only its pieces are read, and only in its wire format.
// Source of the field numbers: google/sentencepiece, sentencepiece_model.proto.

import { invalidModel } from '../failure.ts'
import type { Fields } from '../fields.ts'
import type { Metadata } from '../metadata.ts'
import { MAX_CONFIG_BYTES, MAX_TOKENIZER_BYTES, type ModelFiles } from '../model-files.ts'
import { readMessage } from './protobuf.ts'
import { createVocabulary, looksSpecial, MAX_VOCABULARY, TOKEN, type Vocabulary, writeVocabularyEntries } from './vocabulary.ts'

export interface Piece {
  text: string
  score: number
  type: number
}

const PIECES = 1
const PIECE_TEXT = 1
const PIECE_SCORE = 2
const PIECE_TYPE = 3
const SPACE_MARK = '\u2581'
const ADDED_SCORE = -1000

/** Undefined where there is no tokenizer.model. */
export async function writeSentencePiece(files: ModelFiles, size: number | undefined, metadata: Metadata): Promise<Vocabulary | undefined> {
  const bytes = await files.bytes('tokenizer.model', MAX_TOKENIZER_BYTES)
  if (!bytes) return undefined
  const pieces = parsePieces(bytes)
  const vocabulary = createVocabulary(size ?? pieces.length, { scored: true })
  // What SentencePiece calls user-defined is ordinary to the engine; the configuration says which tokens are more than that.
  for (const [id, { text, score, type }] of pieces.entries())
    setToken(vocabulary, id, { text, score, type: type === TOKEN.userDefined ? TOKEN.normal : type })
  const added = await files.json('added_tokens.json', MAX_CONFIG_BYTES)
  for (const text of added?.keys ?? [])
    setToken(vocabulary, added?.count(text) ?? -1, { text, score: ADDED_SCORE, type: TOKEN.userDefined })
  const config = await files.json('tokenizer_config.json', MAX_CONFIG_BYTES)
  const decoder = config?.fields('added_tokens_decoder')
  for (const key of decoder?.keys ?? []) setAdded(vocabulary, Number(key), decoder?.fields(key))
  writeVocabularyEntries(vocabulary, metadata, { model: 'llama', pre: 'default' })
  return vocabulary
}

/** Throws `invalid_gguf` for bytes that are no SentencePiece model. */
export function parsePieces(bytes: Uint8Array): Piece[] {
  const pieces: Piece[] = []
  for (const field of readMessage(bytes)) {
    if (field.number !== PIECES) continue
    if (pieces.length === MAX_VOCABULARY) throw invalidModel(`tokenizer.model has more than ${MAX_VOCABULARY} pieces`)
    pieces.push(toPiece(field.bytes))
  }
  if (pieces.length === 0) throw invalidModel('tokenizer.model has no pieces: it is no SentencePiece model')
  return pieces
}

function toPiece(bytes: Uint8Array | undefined): Piece {
  if (!bytes) throw invalidModel('tokenizer.model: a piece is no message')
  const piece: Piece = { text: '', score: 0, type: TOKEN.normal }
  for (const field of readMessage(bytes)) {
    if (field.number === PIECE_TEXT && field.bytes) piece.text = new TextDecoder().decode(field.bytes)
    else if (field.number === PIECE_SCORE && field.bytes?.byteLength === 4)
      piece.score = new DataView(field.bytes.buffer, field.bytes.byteOffset).getFloat32(0, true)
    else if (field.number === PIECE_TYPE && field.value !== undefined) piece.type = checkType(field.value)
  }
  return piece
}

function checkType(type: number): number {
  if (type >= TOKEN.normal && type <= TOKEN.byte) return type
  throw invalidModel(`tokenizer.model: a piece has the type ${type}`)
}

function setAdded(vocabulary: Vocabulary, id: number, token: Fields | undefined): void {
  const text = token?.text('content')
  if (text === undefined) return
  const isControl = token?.flag('special') === true || looksSpecial(text)
  setToken(vocabulary, id, {
    text: isControl ? text : text.replaceAll(SPACE_MARK, ' '),
    score: ADDED_SCORE,
    type: isControl ? TOKEN.control : TOKEN.userDefined,
  })
}

/** A token beyond the model's rows is left out. */
function setToken(vocabulary: Vocabulary, id: number, { text, score, type }: Piece): void {
  if (!Number.isSafeInteger(id) || id < 0 || id >= vocabulary.texts.length) return
  vocabulary.texts[id] = text
  vocabulary.types[id] = type
  if (vocabulary.scores) vocabulary.scores[id] = score
}
