// Families without eyes: another name for the architecture, a few keys, a few tensors.

import type { Draft } from '../draft.ts'
import type { Layout } from '../layout.ts'

export const GPT_OSS: Layout = {
  architectures: ['gptoss'],
  isMarked: () => true,
  toText(file) {
    file.setArchitecture('gpt-oss')
    file.add('gpt-oss.expert_feed_forward_length', 'uint32', file.tensor('blk.0.ffn_gate_exps.weight')?.shape[1])
    file.add('gpt-oss.rope.scaling.type', 'string', 'yarn')
    // The files say `default`, with which prompts fall into other tokens and the model loses its channels.
    file.set('tokenizer.ggml.pre', 'string', 'gpt-4o')
    file.renameParts([
      ['.attn_out', '.attn_output'],
      ['.ffn_norm', '.post_attention_norm'],
    ])
    for (const { name } of file.tensors) if (name.endsWith('.attn_sinks')) file.renameTensor(name, `${name}.weight`)
  },
}

export const OLMO3: Layout = {
  architectures: ['olmo3'],
  isMarked: () => true,
  // The engine knows both generations by the name of the second.
  toText: (file) => file.setArchitecture('olmo2'),
}

export const LFM2: Layout = {
  architectures: ['lfm2'],
  isMarked: (file) => file.tensor('output_norm.weight') !== undefined && file.tensor('token_embd_norm.weight') === undefined,
  toText(file) {
    file.renameTensor('output_norm.weight', 'token_embd_norm.weight')
    file.set('tokenizer.ggml.pre', 'string', 'lfm2')
    // Some files name the length before it was rounded for the model.
    const length = file.tensor('blk.0.ffn_gate.weight')?.shape[1]
    if (length !== undefined) file.set('lfm2.feed_forward_length', 'uint32', length)
  },
}

const CHARACTERS = 'tokenizer.ggml.precompiled_charsmap'

/** Snowflake's second embedding model: how it writes characters is one base64 text, in an array of its letters. */
export const SNOWFLAKE: Layout = {
  architectures: ['bert'],
  isMarked: (file) => file.text('tokenizer.ggml.model') === 't5' && file.itemType(CHARACTERS) === 'string',
  toText(file) {
    const letters = file.items(CHARACTERS)
    if (letters.length > 0) file.setItems(CHARACTERS, 'uint8', [...Buffer.from(letters.join(''), 'base64')])
  },
}

const LLAMA3_END_OF_TURN = 128_009
const LLAMA3_END_OF_TEXT = 128_001

/** Files of Llama 3 from before the way a text is cut into tokens had a name in them: without it the engine cuts wrongly. */
export const LLAMA3: Layout = {
  architectures: ['llama'],
  isOptional: true,
  isMarked: (file) => namesNoCut(file) && file.count('tokenizer.ggml.tokens') > LLAMA3_END_OF_TURN && endsTurns(file),
  toText(file) {
    file.set('tokenizer.ggml.pre', 'string', 'llama-bpe')
    for (const key of ['eos_token_id', 'eot_token_id']) {
      const token = file.number(`tokenizer.ggml.${key}`) ?? LLAMA3_END_OF_TEXT
      if (token === LLAMA3_END_OF_TEXT) file.set(`tokenizer.ggml.${key}`, 'uint32', LLAMA3_END_OF_TURN)
    }
  },
}

function namesNoCut(file: Draft): boolean {
  return file.text('tokenizer.ggml.model') === 'gpt2' && ['', 'default'].includes(file.text('tokenizer.ggml.pre') ?? '')
}

/** Where the items of the vocabulary were not read, its length has to do: whoever makes the copy reads them. */
function endsTurns(file: Draft): boolean {
  const tokens = file.items('tokenizer.ggml.tokens')
  return tokens.length === 0 || tokens[LLAMA3_END_OF_TURN] === '<|eot_id|>'
}
