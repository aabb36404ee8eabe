// Folders of Llama and Mistral, with each of the tokenizers that such models have.

import { CHATML, type FolderFiles, GPT_4, sizes, special, TEKKEN } from './folder-parts.ts'
import { decoderWeights, HEADS, HIDDEN, inTwoParts } from './random-weights.ts'
import { formatSafetensors } from './safetensors-file.ts'
import { byteFallbackTokenizer, byteLevelSize, byteLevelTokenizer, sentencePieceModel, sentencePieces } from './tokenizer-files.ts'

export const LLAMA_FOLDERS = {
  'llama-3': () => {
    const added = special('<|begin_of_text|>', '<|end_of_text|>', '<|eot_id|>', '<|start_header_id|>', '<|end_header_id|>')
    const tokens = byteLevelSize() + added.length + 3
    return {
      'config.json': {
        ...sizes('LlamaForCausalLM', 'llama', tokens),
        max_position_embeddings: 4096,
        rms_norm_eps: 1e-5,
        rope_theta: 500_000,
        tie_word_embeddings: true,
        bos_token_id: byteLevelSize(),
        eos_token_id: [byteLevelSize() + 1, byteLevelSize() + 2],
        rope_scaling: {
          factor: 8,
          high_freq_factor: 4,
          low_freq_factor: 1,
          original_max_position_embeddings: 256,
          rope_type: 'llama3',
        },
      },
      'generation_config.json': { temperature: 0.6, top_p: 0.9, top_k: 20, do_sample: true },
      'tokenizer.json': byteLevelTokenizer({ pattern: GPT_4, ignoreMerges: true, added, begin: '<|begin_of_text|>', pairs: true }),
      'tokenizer_config.json': {
        tokenizer_class: 'PreTrainedTokenizerFast',
        bos_token: '<|begin_of_text|>',
        eos_token: '<|eot_id|>',
        clean_up_tokenization_spaces: false,
        chat_template: CHATML.replaceAll('<|im_start|>', '<|start_header_id|>').replaceAll('<|im_end|>', '<|eot_id|>'),
      },
      ...inTwoParts(decoderWeights({ seed: 31, type: 'BF16', tokens }).tensors),
    }
  },
  'llama-2': () => {
    const pieces = sentencePieces(['<unk>', '<s>', '</s>'])
    const tokens = pieces.length + 4
    const weights = decoderWeights({ seed: 21, type: 'F16', tokens, output: true, bias: ['q_proj', 'k_proj', 'v_proj', 'o_proj'] })
    return {
      'config.json': {
        ...sizes('LlamaForCausalLM', 'llama', tokens),
        max_position_embeddings: 512,
        rms_norm_eps: 1e-6,
        attention_bias: true,
        head_dim: null,
        bos_token_id: 1,
        eos_token_id: 2,
        pad_token_id: 0,
      },
      'tokenizer.model': sentencePieceModel(pieces),
      'added_tokens.json': { '<tool>': pieces.length },
      'tokenizer_config.json': {
        tokenizer_class: 'LlamaTokenizer',
        add_bos_token: true,
        add_eos_token: false,
        add_prefix_space: true,
        bos_token: { content: '<s>', __type: 'AddedToken' },
        eos_token: '</s>',
        unk_token: '<unk>',
        added_tokens_decoder: {
          0: { content: '<unk>', special: true },
          1: { content: '<s>', special: true },
          2: { content: '</s>', special: true },
          [pieces.length + 1]: { content: '<|im_start|>', special: false },
          [pieces.length + 2]: { content: '\u2581\u2581', special: false },
        },
        chat_template: CHATML,
      },
      'model.safetensors': formatSafetensors(weights.vector('model.layers.0.self_attn.rotary_emb.inv_freq', HIDDEN / HEADS / 2).tensors),
    }
  },
  'llama-fallback': () => {
    const pieces = sentencePieces(['<unk>', '<s>', '</s>'])
    return {
      'config.json': {
        ...sizes('LlamaForCausalLM', 'llama', pieces.length),
        max_position_embeddings: 512,
        rms_norm_eps: 1e-5,
        bos_token_id: 1,
        eos_token_id: 2,
      },
      'tokenizer.json': byteFallbackTokenizer(pieces),
      'tokenizer_config.json': {
        tokenizer_class: 'LlamaTokenizer',
        add_bos_token: true,
        add_eos_token: false,
        bos_token: '<s>',
        eos_token: '</s>',
        unk_token: '<unk>',
      },
      'model.safetensors': formatSafetensors(decoderWeights({ seed: 22, type: 'F32', tokens: pieces.length, output: true }).tensors),
    }
  },
  mistral: () => {
    const added = special('<unk>', '<s>', '</s>', '[INST]', '[/INST]')
    const tokens = byteLevelSize() + added.length
    const weights = decoderWeights({ seed: 41, type: 'BF16', tokens, headLength: 32, output: true })
    return {
      'config.json': {
        ...sizes('MistralForCausalLM', 'mistral', tokens),
        head_dim: 32,
        max_position_embeddings: 1024,
        rms_norm_eps: 1e-5,
        rope_theta: 1_000_000,
        sliding_window: null,
      },
      'tokenizer.json': byteLevelTokenizer({ pattern: TEKKEN, added, begin: '<s>' }),
      'tokenizer_config.json': {
        tokenizer_class: 'PreTrainedTokenizerFast',
        add_bos_token: true,
        add_eos_token: false,
        bos_token: '<s>',
        eos_token: '</s>',
        unk_token: '<unk>',
      },
      'chat_template.json': { chat_template: CHATML },
      'model.safetensors': formatSafetensors(weights.tensors),
    }
  },
} satisfies Record<string, () => FolderFiles>
