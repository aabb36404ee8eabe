// Small graphs of the operations that projectors use, for a comparison of the two libraries: what an operation's parameters mean may differ between
// versions though its name does not. Built by the library that builds the projectors' graphs; what comes out of both must be the same.

import type { LibraryHandle } from 'koffi'
import { LAST_NUMBERS, TYPES } from './ggml.ts'

/** Makes tensors full of numbers, in the graph's memory. */
export interface TrialTensors {
  context: bigint
  numbers: (type: number, ...lengths: readonly number[]) => bigint
  /** 32-bit integers below `limit`. */
  places: (limit: number, length: number) => bigint
}

export type Trial = (tensors: TrialTensors) => bigint

/** Each gives the last tensor of a graph. */
export function listTrials(library: LibraryHandle): Trial[] {
  const c: Bind = (signature) => library.func(signature)
  return [...arithmeticTrials(c), ...productTrials(c), ...shapeTrials(c), ...windowTrials(c), ...rotaryTrials(c)]
}

/** All of them make a tensor. */
type Bind = (signature: string) => (...values: readonly unknown[]) => bigint

function arithmeticTrials(c: Bind): Trial[] {
  const { f32 } = TYPES
  const unary = c('void* ggml_unary(void*, void*, int)')
  const glu = c('void* ggml_glu(void*, void*, int, bool)')
  const gluSplit = c('void* ggml_glu_split(void*, void*, void*, int)')
  const pairs = ['add', 'sub', 'mul', 'div'].map((name) => c(`void* ggml_${name}(void*, void*, void*)`))
  const singles = ['sqr', 'sqrt', 'sin', 'cos', 'sum_rows', 'mean', 'soft_max'].map((name) => c(`void* ggml_${name}(void*, void*)`))
  const norms = ['norm', 'rms_norm', 'l2_norm'].map((name) => c(`void* ggml_${name}(void*, void*, float)`))
  const scale = c('void* ggml_scale_bias(void*, void*, float, float)')
  const clamp = c('void* ggml_clamp(void*, void*, float, float)')
  const contiguous = c('void* ggml_cont(void*, void*)')
  const softMax = c('void* ggml_soft_max_ext(void*, void*, void*, float, float)')
  return [
    ...pairs.map(
      (pair): Trial =>
        ({ context, numbers }) =>
          pair(context, numbers(f32, 8, 6, 4, 1), numbers(f32, 8, 1, 4, 1)),
    ),
    ...singles.map(
      (single): Trial =>
        ({ context, numbers }) =>
          single(context, numbers(f32, 32, 6, 2, 1)),
    ),
    ...norms.map(
      (norm): Trial =>
        ({ context, numbers }) =>
          norm(context, numbers(f32, 32, 6, 2, 1), 0.01),
    ),
    ...count(LAST_NUMBERS.unary).map(
      (op): Trial =>
        ({ context, numbers }) =>
          unary(context, numbers(f32, 32, 3, 1, 1), op),
    ),
    // SWIGLU_OAI (3) has parameters of its own.
    ...count(LAST_NUMBERS.glu)
      .filter((op) => op !== 3)
      .flatMap((op): Trial[] => [
        ({ context, numbers }) => glu(context, numbers(f32, 32, 3, 1, 1), op, false),
        ({ context, numbers }) => glu(context, numbers(f32, 32, 3, 1, 1), op, true),
        ({ context, numbers }) => gluSplit(context, numbers(f32, 32, 3, 1, 1), numbers(f32, 32, 3, 1, 1), op),
      ]),
    ({ context, numbers }) => scale(context, numbers(f32, 32, 3, 1, 1), 0.7, 0.2),
    // Written over its source, which has to be made anew each time.
    ({ context, numbers }) => clamp(context, contiguous(context, numbers(f32, 32, 3, 1, 1)), -0.3, 0.6),
    ({ context, numbers }) => softMax(context, numbers(f32, 32, 4, 2, 1), numbers(f32, 32, 4, 1, 1), 0.4, 0),
  ]
}

function productTrials(c: Bind): Trial[] {
  const { f32, f16 } = TYPES
  const product = c('void* ggml_mul_mat(void*, void*, void*)')
  const attention = c('void* ggml_flash_attn_ext(void*, void*, void*, void*, void*, float, float, float)')
  const rows = c('void* ggml_get_rows(void*, void*, void*)')
  return [
    ...[f32, f16].map(
      (type): Trial =>
        ({ context, numbers }) =>
          product(context, numbers(type, 64, 5, 2, 1), numbers(f32, 64, 7, 2, 1)),
    ),
    ...[f32, f16].map(
      (type): Trial =>
        ({ context, numbers }) => {
          const [keys, values] = [numbers(type, 64, 32, 2, 1), numbers(type, 64, 32, 2, 1)]
          return attention(context, numbers(f32, 64, 9, 2, 1), keys, values, null, 0.125, 0, 0)
        },
    ),
    ({ context, numbers }) => {
      const [keys, values] = [numbers(f16, 64, 32, 2, 1), numbers(f16, 64, 32, 2, 1)]
      return attention(context, numbers(f32, 64, 9, 2, 1), keys, values, numbers(f16, 32, 64, 1, 1), 0.125, 0, 0)
    },
    ...[f32, f16].map(
      (type): Trial =>
        ({ context, numbers, places }) =>
          rows(context, numbers(type, 32, 9, 1, 1), places(9, 5)),
    ),
  ]
}

function shapeTrials(c: Bind): Trial[] {
  const { f32, f16 } = TYPES
  const permute = c('void* ggml_permute(void*, void*, int, int, int, int)')
  const contiguous = c('void* ggml_cont(void*, void*)')
  const cast = c('void* ggml_cast(void*, void*, int)')
  const copy = c('void* ggml_cpy(void*, void*, void*)')
  const concat = c('void* ggml_concat(void*, void*, void*, int)')
  const repeat = c('void* ggml_repeat_4d(void*, void*, int64, int64, int64, int64)')
  const pad = c('void* ggml_pad_ext(void*, void*, int, int, int, int, int, int, int, int)')
  const roll = c('void* ggml_roll(void*, void*, int, int, int, int)')
  const resize = c('void* ggml_interpolate(void*, void*, int64, int64, int64, int64, uint32)')
  return [
    ({ context, numbers }) => contiguous(context, permute(context, numbers(f32, 8, 6, 4, 2), 2, 0, 3, 1)),
    ({ context, numbers }) => cast(context, numbers(f32, 8, 6, 4, 1), f16),
    ({ context, numbers }) => cast(context, numbers(f16, 8, 6, 4, 1), f32),
    ({ context, numbers }) => copy(context, permute(context, numbers(f32, 8, 6, 4, 1), 1, 0, 2, 3), numbers(f32, 6, 8, 4, 1)),
    ...[0, 1, 2].map(
      (side): Trial =>
        ({ context, numbers }) =>
          concat(context, numbers(f32, 8, 8, 8, 1), numbers(f32, 8, 8, 8, 1), side),
    ),
    ({ context, numbers }) => repeat(context, numbers(f32, 8, 1, 2, 1), 8, 5, 4, 1),
    ({ context, numbers }) => pad(context, numbers(f32, 8, 6, 2, 1), 1, 2, 3, 1, 0, 1, 0, 0),
    ({ context, numbers }) => roll(context, numbers(f32, 8, 6, 2, 1), 3, -2, 1, 0),
    // Nearest, bilinear, bicubic.
    ...[0, 1, 2].map(
      (mode): Trial =>
        ({ context, numbers }) =>
          resize(context, numbers(f32, 8, 6, 4, 1), 13, 5, 4, 1, mode),
    ),
  ]
}

function windowTrials(c: Bind): Trial[] {
  const { f32, f16 } = TYPES
  const pool = c('void* ggml_pool_2d(void*, void*, int, int, int, int, int, float, float)')
  const poolLine = c('void* ggml_pool_1d(void*, void*, int, int, int, int)')
  const convolve = c('void* ggml_conv_2d(void*, void*, void*, int, int, int, int, int, int)')
  const convolveLine = c('void* ggml_conv_1d(void*, void*, void*, int, int, int)')
  const direct = c('void* ggml_conv_2d_direct(void*, void*, void*, int, int, int, int, int, int)')
  const depthwise = c('void* ggml_conv_2d_dw_direct(void*, void*, void*, int, int, int, int, int, int)')
  // Greatest, mean.
  const kinds = [0, 1]
  return [
    ...kinds.map(
      (kind): Trial =>
        ({ context, numbers }) =>
          pool(context, numbers(f32, 8, 6, 4, 1), kind, 2, 2, 2, 2, 0, 0),
    ),
    ...kinds.map(
      (kind): Trial =>
        ({ context, numbers }) =>
          poolLine(context, numbers(f32, 8, 6, 1, 1), kind, 2, 2, 0),
    ),
    ...[f32, f16].flatMap((type): Trial[] => [
      ({ context, numbers }) => convolve(context, numbers(type, 3, 3, 2, 5), numbers(f32, 8, 6, 2, 1), 2, 1, 1, 0, 1, 1),
      ({ context, numbers }) => direct(context, numbers(type, 3, 3, 2, 5), numbers(f32, 8, 6, 2, 1), 2, 1, 1, 0, 1, 1),
    ]),
    ({ context, numbers }) => convolveLine(context, numbers(f16, 3, 4, 5, 1), numbers(f32, 16, 4, 1, 1), 2, 1, 1),
    ({ context, numbers }) => depthwise(context, numbers(f32, 3, 3, 1, 4), numbers(f32, 8, 6, 4, 1), 1, 1, 1, 1, 1, 1),
  ]
}

function rotaryTrials(c: Bind): Trial[] {
  const { f32 } = TYPES
  const rope = c('void* ggml_rope_ext(void*, void*, void*, void*, int, int, int, float, float, float, float, float, float)')
  const several = c('void* ggml_rope_multi(void*, void*, void*, void*, int, int*, int, int, float, float, float, float, float, float)')
  // Plain and NeoX; those of several dimensions: of texts with images, and of images alone (which turns by half the width).
  return [
    ...[0, 2].map(
      (mode): Trial =>
        ({ context, numbers, places }) =>
          rope(context, numbers(f32, 32, 2, 6, 1), places(40, 6), null, 32, mode, 0, 10_000, 1, 0, 1, 32, 1),
    ),
    ...[
      { mode: 8, turned: 32 },
      { mode: 24, turned: 16 },
    ].map(
      ({ mode, turned }): Trial =>
        ({ context, numbers, places }) => {
          const sections = Int32Array.from([8, 8, 8, 8])
          return several(context, numbers(f32, 32, 2, 6, 1), places(40, 24), null, turned, sections, mode, 32_768, 10_000, 1, 0, 1, 32, 1)
        },
    ),
  ]
}

/** From nought to the last. */
function count(last: number): number[] {
  return Array.from({ length: last + 1 }, (_, number) => number)
}
