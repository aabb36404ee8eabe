import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { announce } from './announcer.tsx'
import { copyText } from './clipboard.ts'

const SHOWN_MS = 2000

export function CopyButton({ text, label }: { text: string; label: string }): JSX.Element {
  const [outcome, setOutcome] = useState<'copied' | 'refused' | undefined>(undefined)
  useEffect(() => {
    if (!outcome) return
    const timer = setTimeout(() => setOutcome(undefined), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [outcome])
  const copy = async () => {
    const isCopied = await copyText(text)
    setOutcome(isCopied ? 'copied' : 'refused')
    announce(isCopied ? 'Copied' : 'The browser does not let this page copy')
  }
  return (
    <button type="button" class="quiet" aria-label={label} onClick={() => void copy()}>
      {outcome === 'copied' ? 'Copied' : outcome === 'refused' ? 'Refused' : 'Copy'}
    </button>
  )
}
