//! A tiny task with batch norm, and an event stream that a test can read.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use burn::nn::loss::{MseLoss, Reduction};
use burn::tensor::{Device, Tensor, TensorData};
use starloom_comms::events::Event;
use starloom_comms::id::NodeId;
use starloom_comms::scenario::Scenario;

use super::Normed;
use crate::replica::Learner;
use crate::shard::Shard;
use crate::task::{DataSource, Split, Task, TaskError};
use crate::{device, model};

/// Points of a plane in space: `z = x - 2y`.
pub(crate) struct Plane {
    /// The height of each point; a NaN poisons whoever trains on it.
    pub(crate) heights: Vec<f32>,
}

impl Plane {
    /// The first `points` points.
    pub(crate) fn new(points: usize) -> Self {
        Self { heights: (0..points).map(|point| inputs(point)[0] - 2.0 * inputs(point)[1]).collect() }
    }

    /// The replica and shard of `node`: the same model for all nodes.
    pub(crate) fn node(self, scenario: &Scenario, node: &NodeId) -> (Learner<Self>, Shard) {
        let split = self.data(&DataSource::new(scenario.seed, 0.2)).expect("in memory");
        let shard = Shard::shared(scenario, node.clone(), split.train.len() as u64);
        let device = device();
        let model = model::build(scenario.seed, &device, || self.model(&device));
        (Learner::new(Arc::new(self), split, scenario.training.clone(), device, model), shard)
    }
}

fn inputs(point: usize) -> [f32; 2] {
    [(point % 7) as f32 / 7.0 - 0.5, (point % 11) as f32 / 11.0 - 0.5]
}

impl Task for Plane {
    type Model = Normed;
    type Sample = [f32; 3];

    fn name(&self) -> &str {
        "plane"
    }

    fn model(&self, device: &Device) -> Normed {
        Normed::new(device)
    }

    fn data(&self, _source: &DataSource) -> Result<Split<[f32; 3]>, TaskError> {
        let points = (0..).zip(&self.heights).map(|(point, height)| [inputs(point)[0], inputs(point)[1], *height]);
        Ok(Split { train: points.clone().collect(), test: points.take(10).collect() })
    }

    fn loss(&self, model: &Normed, batch: &[&[f32; 3]], device: &Device) -> Tensor<1> {
        let points: Vec<f32> = batch.iter().flat_map(|point| [point[0], point[1]]).collect();
        let heights: Vec<f32> = batch.iter().map(|point| point[2]).collect();
        let points = Tensor::<2>::from_data(TensorData::new(points, [batch.len(), 2]), device);
        let heights = Tensor::<2>::from_data(TensorData::new(heights, [batch.len(), 1]), device);
        MseLoss::new().forward(model.forward(points), heights, Reduction::Mean)
    }
}

/// An event stream in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// What was written so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        let bytes = self.0.lock().expect("no panic while writing");
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).expect("an event a line")).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic while writing").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
