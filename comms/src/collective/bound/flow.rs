//! Whether enough flows between two sides of a network, and which cut keeps it from that.
//!
//! Shortest augmenting paths (Edmonds and Karp, Journal of the ACM 19, 1972), looked for from the receiver back: where the sources
//! are close to it, which they mostly are, the rest of the network is not looked at.

/// A network of arcs between numbered nodes, and memory for flows through it.
#[derive(Debug)]
pub(super) struct Network {
    arcs: Vec<(u32, u32)>,
    /// The arcs to each node.
    into: Vec<Vec<u32>>,
    /// The arcs from each node.
    out_of: Vec<Vec<u32>>,
    flow: Vec<u128>,
    /// By node, the arc over which it can send on to the receiver.
    onward: Vec<Option<Hop>>,
}

/// One arc of an augmenting path, seen from where it leads on from.
#[derive(Debug, Clone, Copy)]
enum Hop {
    /// The receiver itself.
    There,
    /// Along the arc.
    Along(u32),
    /// Against what flows on the arc.
    Against(u32),
}

impl Network {
    /// The network of `arcs`, each from its first node to its second, of so many `nodes`.
    pub(super) fn new(nodes: usize, arcs: Vec<(u32, u32)>) -> Self {
        let (mut into, mut out_of) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
        for (arc, (from, to)) in (0..).zip(&arcs) {
            out_of[*from as usize].push(arc);
            into[*to as usize].push(arc);
        }
        Self { flow: vec![0; arcs.len()], onward: vec![None; nodes], arcs, into, out_of }
    }

    /// Whether `need` can flow from all `sources` together to `to`, which is none of them.
    ///
    /// # Errors
    /// If not, the arcs of a cut whose `capacities` sum up to less.
    pub(super) fn carries(
        &mut self,
        capacities: &[u128],
        sources: &[bool],
        to: u32,
        need: u128,
    ) -> Result<(), Vec<u32>> {
        self.flow.fill(0);
        let mut left = need;
        while left > 0 {
            let Some(source) = self.find(capacities, sources, to) else { return Err(self.cut()) };
            left -= self.augment(capacities, source, left);
        }
        Ok(())
    }

    /// The source with a shortest path on which more can flow.
    fn find(&mut self, capacities: &[u128], sources: &[bool], to: u32) -> Option<u32> {
        self.onward.fill(None);
        self.onward[to as usize] = Some(Hop::There);
        let mut queue = vec![to];
        let mut next = 0;
        while let Some(&node) = queue.get(next) {
            next += 1;
            let into = self.into[node as usize].iter().filter(|arc| {
                let arc = **arc as usize;
                self.flow[arc] < capacities[arc]
            });
            let against = self.out_of[node as usize].iter().filter(|arc| self.flow[**arc as usize] > 0);
            let hops = into.map(|arc| (self.arcs[*arc as usize].0, Hop::Along(*arc)));
            let hops = hops.chain(against.map(|arc| (self.arcs[*arc as usize].1, Hop::Against(*arc))));
            for (from, hop) in hops {
                if self.onward[from as usize].is_none() {
                    self.onward[from as usize] = Some(hop);
                    if sources[from as usize] {
                        return Some(from);
                    }
                    queue.push(from);
                }
            }
        }
        None
    }

    /// Lets as much flow from `source` on the path that was found as it takes, at most `most`.
    fn augment(&mut self, capacities: &[u128], source: u32, most: u128) -> u128 {
        let path: Vec<_> = std::iter::successors(self.hop(source), |(_, next)| self.hop(*next)).collect();
        let room = path.iter().map(|(hop, _)| match *hop {
            Hop::There => most,
            Hop::Along(arc) => capacities[arc as usize] - self.flow[arc as usize],
            Hop::Against(arc) => self.flow[arc as usize],
        });
        let more = room.fold(most, Ord::min);
        for (hop, _) in path {
            match hop {
                Hop::There => {}
                Hop::Along(arc) => self.flow[arc as usize] += more,
                Hop::Against(arc) => self.flow[arc as usize] -= more,
            }
        }
        more
    }

    /// How a path leads on from `node`, and where to.
    fn hop(&self, node: u32) -> Option<(Hop, u32)> {
        match self.onward[node as usize]? {
            Hop::There => None,
            hop @ Hop::Along(arc) => Some((hop, self.arcs[arc as usize].1)),
            hop @ Hop::Against(arc) => Some((hop, self.arcs[arc as usize].0)),
        }
    }

    /// The arcs to nodes that can send on to the receiver from those that cannot.
    fn cut(&self) -> Vec<u32> {
        let behind = |node: u32| self.onward[node as usize].is_some();
        (0..).zip(&self.arcs).filter(|(_, (from, to))| !behind(*from) && behind(*to)).map(|(arc, _)| arc).collect()
    }
}
