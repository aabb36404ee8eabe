// Folders as they come from Hugging Face, one for each family and turn that the converter knows, small and with seeded weights: the same bytes on
// every machine. tests/fixtures/converted.json has what llama.cpp's own converter makes of them.

import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { CHATML, type FolderFiles, GEMMA_TEMPLATE, GPT_4O, QWEN, sizes, special } from './folder-parts.ts'
import { LLAMA_FOLDERS } from './llama-folders.ts'
import { BLOCKS, bertWeights, decoderWeights, FEED_FORWARD, HEADS, HIDDEN, inTwoParts } from './random-weights.ts'
import { formatSafetensors } from './safetensors-file.ts'
import {
  byteLevelSize,
  byteLevelTokenizer,
  sentencePieceModel,
  sentencePieces,
  WORD_PIECES,
  wordPieceTokenizer,
} from './tokenizer-files.ts'

export const FOLDER_NAMES = [
  'llama-3',
  'llama-2',
  'llama-fallback',
  'mistral',
  'qwen-2',
  'qwen-3',
  'gemma-2',
  'gemma-3',
  'phi-3',
  'phi-4',
  'bert',
] as const
/** What the models that say something are asked. */
export const GREEDY_PROMPT = 'the llama'
export type FolderName = (typeof FOLDER_NAMES)[number]

export function modelFolder(name: FolderName): FolderFiles {
  return FOLDERS[name]()
}

export async function writeModelFolder(folder: string, files: FolderFiles): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content, null, 2))
  }
}

const FOLDERS: Record<FolderName, () => FolderFiles> = {
  ...LLAMA_FOLDERS,
  'qwen-2': () => {
    const added = special('<|endoftext|>', '<|im_start|>', '<|im_end|>')
    const tokens = byteLevelSize() + added.length + 5
    return {
      'config.json': {
        ...sizes('Qwen2ForCausalLM', 'qwen2', tokens),
        max_position_embeddings: 2048,
        rms_norm_eps: 1e-6,
        rope_theta: 1_000_000,
        tie_word_embeddings: true,
        eos_token_id: byteLevelSize() + 2,
        rope_scaling: { type: 'yarn', factor: 4, original_max_position_embeddings: 512 },
      },
      'tokenizer.json': byteLevelTokenizer({ pattern: QWEN, added }),
      'tokenizer_config.json': {
        tokenizer_class: 'Qwen2Tokenizer',
        add_bos_token: false,
        bos_token: null,
        eos_token: '<|im_end|>',
        pad_token: '<|endoftext|>',
        chat_template: [
          { name: 'default', template: CHATML },
          { name: 'tool-use', template: `${CHATML} ` },
        ],
      },
      'model.safetensors': formatSafetensors(
        decoderWeights({ seed: 51, type: 'BF16', tokens, bias: ['q_proj', 'k_proj', 'v_proj'] }).tensors,
      ),
    }
  },
  'qwen-3': () => {
    const added = [...special('<|endoftext|>', '<|im_start|>', '<|im_end|>'), { content: '<think>', special: false }]
    const tokens = byteLevelSize() + added.length
    const weights = decoderWeights({ seed: 61, type: 'BF16', tokens, headLength: 32, headNorms: true, output: true })
    return {
      'config.json': {
        ...sizes('Qwen3ForCausalLM', 'qwen3', tokens),
        head_dim: 32,
        max_position_embeddings: 2048,
        rms_norm_eps: 1e-6,
        rope_theta: 1_000_000,
        bos_token_id: byteLevelSize(),
        eos_token_id: byteLevelSize() + 2,
      },
      'tokenizer.json': byteLevelTokenizer({ pattern: QWEN, added }),
      'tokenizer_config.json': {
        tokenizer_class: 'Qwen2Tokenizer',
        add_bos_token: false,
        eos_token: '<|im_end|>',
        pad_token: '<|endoftext|>',
      },
      'chat_template.jinja': CHATML,
      ...inTwoParts(weights.tensors),
    }
  },
  'gemma-2': () => {
    const pieces = gemmaPieces()
    return {
      'config.json': {
        ...sizes('Gemma2ForCausalLM', 'gemma2', pieces.length),
        head_dim: 32,
        max_position_embeddings: 1024,
        rms_norm_eps: 1e-6,
        sliding_window: 256,
        attn_logit_softcapping: 50,
        final_logit_softcapping: 30,
        bos_token_id: 2,
        eos_token_id: 1,
        pad_token_id: 0,
      },
      ...gemmaTokenizer(pieces),
      'model.safetensors': formatSafetensors(
        decoderWeights({ seed: 71, type: 'BF16', tokens: pieces.length, headLength: 32, norm: 0, fourNorms: true, output: true }).tensors,
      ),
    }
  },
  'gemma-3': () => {
    const pieces = gemmaPieces()
    const weights = decoderWeights({
      seed: 81,
      type: 'BF16',
      tokens: pieces.length + 6,
      prefix: 'language_model.model',
      headLength: 32,
      norm: 0,
      fourNorms: true,
      headNorms: true,
    })
    const { architectures, model_type: _, ...language } = sizes('Gemma3ForConditionalGeneration', 'gemma3', pieces.length)
    return {
      'config.json': {
        architectures,
        model_type: 'gemma3',
        bos_token_id: 2,
        eos_token_id: [1, 5],
        text_config: {
          ...language,
          model_type: 'gemma3_text',
          head_dim: 32,
          sliding_window: 256,
          rope_scaling: { factor: 8, rope_type: 'linear' },
        },
        vision_config: { model_type: 'siglip_vision_model', hidden_size: 32, num_hidden_layers: 1 },
      },
      ...gemmaTokenizer(pieces),
      'model.safetensors': formatSafetensors(
        weights.matrix('vision_tower.vision_model.embeddings.position_embedding.weight', 4, 32).tensors,
      ),
    }
  },
  'phi-3': () => {
    const pieces = sentencePieces(['<unk>', '<s>', '</s>'])
    const tokens = pieces.length + 3
    const factors = (scale: number) => Array.from({ length: HIDDEN / HEADS / 2 }, (_, index) => 1 + index * scale)
    return {
      'config.json': {
        ...sizes('Phi3ForCausalLM', 'phi3', tokens),
        max_position_embeddings: 2048,
        original_max_position_embeddings: 512,
        rms_norm_eps: 1e-5,
        sliding_window: 512,
        rope_scaling: { type: 'longrope', short_factor: factors(0.05), long_factor: factors(0.5) },
        bos_token_id: 1,
        eos_token_id: pieces.length,
        pad_token_id: pieces.length,
      },
      'tokenizer.model': sentencePieceModel(pieces),
      'tokenizer_config.json': {
        tokenizer_class: 'LlamaTokenizer',
        add_bos_token: false,
        add_eos_token: false,
        bos_token: '<s>',
        eos_token: '<|endoftext|>',
        added_tokens_decoder: {
          0: { content: '<unk>', special: true },
          1: { content: '<s>', special: true },
          2: { content: '</s>', special: false },
          [pieces.length]: { content: '<|endoftext|>', special: true },
          [pieces.length + 1]: { content: '<|im_start|>', special: true },
          [pieces.length + 2]: { content: '<|im_end|>', special: true },
        },
        chat_template: CHATML,
      },
      'model.safetensors': formatSafetensors(decoderWeights({ seed: 91, type: 'BF16', tokens, fused: true, output: true }).tensors),
    }
  },
  'phi-4': () => {
    const added = special('<|endoftext|>', '<|im_start|>', '<|im_end|>')
    const tokens = byteLevelSize() + added.length
    return {
      'config.json': {
        ...sizes('Phi3ForCausalLM', 'phi3', tokens),
        max_position_embeddings: 1024,
        original_max_position_embeddings: 1024,
        partial_rotary_factor: 0.5,
        rms_norm_eps: 1e-5,
        rope_theta: 250_000,
        rope_scaling: null,
        sliding_window: null,
      },
      'tokenizer.json': byteLevelTokenizer({ pattern: GPT_4O, added }),
      'tokenizer_config.json': {
        tokenizer_class: 'GPT2Tokenizer',
        bos_token: '<|endoftext|>',
        eos_token: '<|im_end|>',
        pad_token: '<|endoftext|>',
        chat_template: CHATML,
      },
      'model.safetensors': formatSafetensors(decoderWeights({ seed: 92, type: 'BF16', tokens, fused: true }).tensors),
    }
  },
  bert: () => ({
    'config.json': {
      architectures: ['BertModel'],
      model_type: 'bert',
      hidden_size: HIDDEN,
      intermediate_size: FEED_FORWARD,
      num_hidden_layers: BLOCKS,
      num_attention_heads: HEADS,
      max_position_embeddings: 128,
      layer_norm_eps: 1e-12,
      type_vocab_size: 2,
      vocab_size: WORD_PIECES.length,
      pad_token_id: 0,
    },
    'modules.json': [
      { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
      { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
    ],
    '1_Pooling/config.json': { word_embedding_dimension: HIDDEN, pooling_mode_cls_token: true, pooling_mode_mean_tokens: false },
    'tokenizer.json': wordPieceTokenizer(),
    'tokenizer_config.json': {
      tokenizer_class: 'BertTokenizer',
      do_lower_case: true,
      cls_token: '[CLS]',
      sep_token: '[SEP]',
      pad_token: '[PAD]',
      mask_token: '[MASK]',
      unk_token: '[UNK]',
    },
    'model.safetensors': formatSafetensors(bertWeights(WORD_PIECES.length).tensors),
  }),
}

function gemmaPieces(): [string, number, number][] {
  return sentencePieces(['<pad>', '<eos>', '<bos>', '<unk>'], ['<start_of_turn>', '<end_of_turn>', '\n', '\u2581\u2581', '<unused0>'])
}

function gemmaTokenizer(pieces: readonly [string, number, number][]): FolderFiles {
  const token = (text: string, isSpecial: boolean): [number, object] => [
    pieces.findIndex(([piece]) => piece === text),
    { content: text, special: isSpecial },
  ]
  return {
    'tokenizer.model': sentencePieceModel(pieces),
    'tokenizer_config.json': {
      tokenizer_class: 'GemmaTokenizer',
      add_bos_token: true,
      add_eos_token: false,
      bos_token: '<bos>',
      eos_token: '<eos>',
      pad_token: '<pad>',
      added_tokens_decoder: Object.fromEntries([
        token('<pad>', true),
        token('<eos>', true),
        token('<bos>', true),
        token('<start_of_turn>', true),
        token('<end_of_turn>', true),
        token('\u2581\u2581', false),
        token('<unused0>', false),
      ]),
      chat_template: GEMMA_TEMPLATE,
    },
  }
}
