import { useEffect, useState } from 'preact/hooks';

/** What follows # in the address; the skip link's target is no place of its own. */
export const useHash = (): [hash: string, setHash: (hash: string) => void] => {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => {
      if (location.hash !== '#content') setHash(location.hash);
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return [hash, setHash];
};
