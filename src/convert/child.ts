// The process that converts: it hears what to read and where to write, and answers once each. It ends with the process that started it.

import { AppError, toAppError } from '../base/errors.ts'
import { type Conversion, convertHere } from './conversion.ts'
import type { FromConverter, ToConverter } from './protocol.ts'

export function runConverter(): void {
  let conversion: Conversion | undefined
  const answer = async (message: ToConverter): Promise<FromConverter> => {
    if (message.type === 'describe') {
      conversion = await convertHere({ paths: new Map(message.files), base: message.base })
      return { type: 'described', sizeBytes: conversion.sizeBytes, notes: [...conversion.notes] }
    }
    await conversion?.write(message.path)
    return { type: 'written' }
  }
  process.on('message', (message: ToConverter) => {
    answer(message).then(send, (error: unknown) => {
      const { code, message: text, details } = toAppError(error)
      send({ type: 'failed', code, message: text, details, errno: errnoOf(error) })
    })
  })
  process.on('disconnect', () => process.exit())
}

/** Of a system call that failed. */
function errnoOf(error: unknown): string | undefined {
  const isSystems = error instanceof Error && !(error instanceof AppError) && 'errno' in error && 'code' in error
  return isSystems && typeof error.code === 'string' ? error.code : undefined
}

function send(message: FromConverter): void {
  process.send?.(message)
}
