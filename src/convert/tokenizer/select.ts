import { unsupportedModel } from '../failure.ts'
import type { Fields } from '../fields.ts'
import type { Metadata } from '../metadata.ts'
import type { ModelFiles } from '../model-files.ts'
import { writeByteFallback, writeByteLevel } from './byte-pair.ts'
import { type JsonTokenizer, readJsonTokenizer } from './json-tokenizer.ts'
import { writeSentencePiece } from './sentence-piece.ts'
import { writeSpecialTokens } from './special-tokens.ts'
import type { Vocabulary } from './vocabulary.ts'
import { writeWordPiece } from './word-piece.ts'

/** The vocabulary that the files have, with its special tokens and chat template: tokenizer.model first, which says more, then tokenizer.json. */
export async function writeVocabulary({ files, config }: { files: ModelFiles; config: Fields }, metadata: Metadata): Promise<void> {
  const size = config.count('vocab_size')
  const tokenizer = await readJsonTokenizer(files)
  const vocabulary = (await writeSentencePiece(files, size, metadata)) ?? writeJson(tokenizer, size, metadata)
  await writeSpecialTokens({ files, config, tokenizer, vocabularySize: vocabulary.texts.length }, metadata)
}

function writeJson(tokenizer: JsonTokenizer | undefined, size: number | undefined, metadata: Metadata): Vocabulary {
  if (tokenizer?.kind === 'BPE') {
    const write = tokenizer.model.flag('byte_fallback') ? writeByteFallback : writeByteLevel
    return write(tokenizer, size, metadata)
  }
  if (tokenizer?.kind === 'WordPiece') return writeWordPiece(tokenizer, size, metadata)
  const found = tokenizer ? `tokenizer.json of the kind ${tokenizer.kind}` : 'neither tokenizer.model nor tokenizer.json'
  throw unsupportedModel(`unknown tokenizer format: ${found}`)
}
