// Models of experts whose files differ in keys and names: GLM 4.7 Flash, Nemotron-H and Laguna.

import type { Draft } from '../draft.ts'
import type { Layout } from '../layout.ts'

/** The engine has it as a DeepSeek 2, whose keys count a head as it is after the heads were folded into one; the file counts each by itself. */
export const GLM4_MOE_LITE: Layout = {
  architectures: ['glm4moelite'],
  isMarked: () => true,
  toText(file) {
    file.setArchitecture('deepseek2')
    const attention = (key: string) => `deepseek2.attention.${key}`
    const headLength = file.number(attention('key_length'))
    const [rank, rotated] = [file.number(attention('kv_lora_rank')), file.number('deepseek2.rope.dimension_count')]
    file.set(attention('head_count_kv'), 'uint32', 1)
    if (rank !== undefined && rotated !== undefined) {
      file.set(attention('key_length'), 'uint32', rank + rotated)
      file.set(attention('value_length'), 'uint32', rank)
    }
    for (const key of ['key_length_mla', 'value_length_mla']) if (headLength !== undefined) file.set(attention(key), 'uint32', headLength)
    for (const key of ['expert_group_count', 'expert_group_used_count']) file.add(`deepseek2.${key}`, 'uint32', 1)
    file.set('tokenizer.ggml.pre', 'string', 'glm4')
    nameEnds(file)
  },
}

/** What ends a text, a turn and a call, in this order. */
function nameEnds(file: Draft): void {
  const [, turn, call] = file.items('tokenizer.ggml.eos_token_ids')
  file.add('tokenizer.ggml.eot_token_id', 'uint32', turn)
  file.add('tokenizer.ggml.eom_token_id', 'uint32', call)
}

export const NEMOTRON_H_MOE: Layout = {
  architectures: ['nemotron_h_moe'],
  isMarked: (file) => file.hasTensors('mtp.', 'blk.0.ffn_latent_in', 'blk.1.ffn_latent_in'),
  toText(file) {
    const inside = file.tensors.find(({ name }) => name.endsWith('.ffn_latent_in.weight'))
    file.add('nemotron_h_moe.moe_latent_size', 'uint32', inside?.shape[1])
    file.renameParts([
      ['.ffn_latent_in', '.ffn_latent_down'],
      ['.ffn_latent_out', '.ffn_latent_up'],
    ])
    // They only guess ahead.
    file.removeTensors((name) => name.startsWith('mtp.'))
  },
}

export const LAGUNA: Layout = {
  architectures: ['laguna'],
  isMarked: (file) =>
    file.has('laguna.rope.swa.dimension_count') ||
    file.has('laguna.rope.swa.freq_base') ||
    file.tensor('blk.0.attn_g.weight') !== undefined,
  toText(file) {
    file.renameKey('laguna.rope.swa.dimension_count', 'laguna.rope.dimension_count_swa')
    file.renameKey('laguna.rope.swa.freq_base', 'laguna.rope.freq_base_swa')
    file.renameParts([['.attn_g', '.attn_gate']])
  },
}
