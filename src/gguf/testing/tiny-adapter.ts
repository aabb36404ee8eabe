// A LoRA adapter for the feed-forward part of the tiny llama, strong enough to change what it says.

import { type GgufTensorData, writeGgufFile } from '../writer.ts'

export async function writeTinyAdapter(path: string, { architecture = 'llama', inputs = 64 } = {}): Promise<void> {
  const tensor = (name: string, shape: number[], scale: number): GgufTensorData => {
    const length = shape.reduce((product, dimension) => product * dimension, 1)
    const values = Float32Array.from({ length }, (_, index) => Math.sin(index) * scale)
    return { name, type: 'F32', shape, data: new Uint8Array(values.buffer) }
  }
  await writeGgufFile(path, {
    metadata: [
      { key: 'general.type', type: 'string', value: 'adapter' },
      { key: 'general.architecture', type: 'string', value: architecture },
      { key: 'adapter.type', type: 'string', value: 'lora' },
      { key: 'adapter.lora.alpha', type: 'float32', value: 16 },
    ],
    tensors: [tensor('blk.0.ffn_down.weight.lora_a', [inputs, 4], 5), tensor('blk.0.ffn_down.weight.lora_b', [4, 64], 5)],
  })
}
