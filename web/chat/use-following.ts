import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Turn } from './talk.ts'

/** As near to the end as that, one reads along. */
const NEAR_PIXELS = 80

/** The end of a talk stays in sight while it grows, unless the reader has scrolled back. A new question brings it into sight again. */
export function useFollowing(turns: readonly Turn[]): RefObject<HTMLDivElement | null> {
  const element = useRef<HTMLDivElement>(null)
  const isNear = useRef(true)
  useEffect(() => {
    const box = element.current
    if (!box) return
    const look = () => {
      isNear.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PIXELS
    }
    box.addEventListener('scroll', look, { passive: true })
    return () => box.removeEventListener('scroll', look)
  }, [])
  const count = turns.length
  useLayoutEffect(() => {
    isNear.current = true
  }, [count])
  useLayoutEffect(() => {
    const box = element.current
    if (box && isNear.current) box.scrollTop = box.scrollHeight
  }, [turns])
  return element
}
