import type { Metadata } from '../metadata.ts'
import { readTokens } from './byte-pair.ts'
import type { JsonTokenizer } from './json-tokenizer.ts'
import { TOKEN, type Vocabulary, writeVocabularyEntries } from './vocabulary.ts'

const CONTINUATION = '##'
const SPACE_MARK = '\u2581'

/** WordPiece marks the pieces inside a word; the engine wants the pieces that begin one marked instead. */
export function writeWordPiece(tokenizer: JsonTokenizer, size: number | undefined, metadata: Metadata): Vocabulary {
  const vocabulary = readTokens(tokenizer, size)
  vocabulary.texts = vocabulary.texts.map((text, id) => {
    if (vocabulary.types[id] === TOKEN.control) return text
    return text.startsWith(CONTINUATION) ? text.slice(CONTINUATION.length) : SPACE_MARK + text
  })
  // The engine reads no words of its own out of this name for WordPiece; it is that of the family's best known model.
  writeVocabularyEntries(vocabulary, metadata, { model: 'bert', pre: 'bert-bge' })
  return vocabulary
}
