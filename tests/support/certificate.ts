// A key and a certificate that signs itself, made here: no program of the machine is needed, and nobody else trusts it.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import net from 'node:net'

export interface Certificate {
  key: KeyObject
  keyPem: string
  certificatePem: string
  certificateDer: Buffer
}

/** For host names and IPv4 addresses; good for a day around now. */
export function createCertificate(...hosts: string[]): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(objectId('550403'), der(0x0c, Buffer.from(hosts[0] ?? 'test')))))
  const alternatives = hosts.map((host) =>
    net.isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host)),
  )
  const body = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension('551d11', sequence(...alternatives)), extension('551d13', sequence(der(0x01, Buffer.from([0xff])))))),
  )
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]))
  const certificateDer = sequence(body, ECDSA_WITH_SHA256, signature)
  const base64 = certificateDer.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    key: privateKey,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificatePem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    certificateDer,
  }
}

const DAY_MS = 24 * 3600_000
const ECDSA_WITH_SHA256 = sequence(objectId('2a8648ce3d040302'))

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

function sequence(...items: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(items))
}

function set(...items: Buffer[]): Buffer {
  return der(0x31, Buffer.concat(items))
}

function integer(value: number): Buffer {
  return der(0x02, Buffer.from([value]))
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function time(ms: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)}Z`))
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), der(0x04, value))
}
